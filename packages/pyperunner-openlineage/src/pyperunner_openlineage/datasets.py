"""Datasets: what stored outputs and input files are called in OpenLineage.

Source of the names: https://openlineage.io/docs/spec/naming
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = ["DatasetName", "files_in", "name_of_entry", "name_of_file"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)/?([^?#]*)")


class DatasetName(NamedTuple):
    """A dataset's namespace, which is where it is kept, and its name there."""

    namespace: str
    name: str


def name_of_entry(store: str, key: str) -> DatasetName:
    """Return what an entry of a store is called.

    Args:
        store: The store's path or URL.
        key: ``'<task name>/<hash>'``.
    """
    store = store.removeprefix("file://")
    found = _URL.match(store)
    if found is None:
        return DatasetName("file", f"{store.rstrip('/')}/{key}")
    scheme, place, path = found.groups()
    place = place.rpartition("@")[2]  # a user's name and password are nobody's business
    return DatasetName(f"{scheme}://{place}", "/".join(part for part in (path.strip("/"), key) if part))


def name_of_file(path: str, base_dir: str) -> DatasetName:
    """Return what a file or folder is called.

    Args:
        path: As the task was given it.
        base_dir: What it is relative to.
    """
    return DatasetName("file", os.path.normpath(os.path.join(base_dir, path)))


def files_in(value: Any) -> Iterator[str]:
    """Yield the paths of the ``File`` and ``Folder`` params in a saved value."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            folder = item.get("$folder")
            path = folder.get("path") if isinstance(folder, Mapping) else item.get("$file")
            if isinstance(path, str):
                yield path
            else:
                stack.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            stack.extend(reversed(item))
