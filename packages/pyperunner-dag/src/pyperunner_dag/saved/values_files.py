"""Files and folders as plain values: by their paths as they were given, so that relative ones stay relative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["FILE_READERS", "file_to_plain"]


def file_to_plain(value: Any, inner: Callable[[Any], Any]) -> dict[str, Any] | None:
    """Return a ``File`` or ``Folder`` in plain values; ``None`` for all else.

    Args:
        value: The value.
        inner: Makes plain values of its parts.
    """
    from pyperunner_keys import File, Folder

    if isinstance(value, Folder):
        return {"$folder": {"path": inner(value.path), "glob": inner(value.glob)}}
    return {"$file": inner(value.path)} if isinstance(value, File) else None


def _file(content: Any, inner: Callable[[Any], Any], find: Callable[[str], Any]) -> Any:
    from pyperunner_keys import File

    return File(inner(content))


def _folder(content: Any, inner: Callable[[Any], Any], find: Callable[[str], Any]) -> Any:
    from pyperunner_keys import Folder

    return Folder(inner(content["path"]), inner(content["glob"]))


FILE_READERS = {"$file": _file, "$folder": _folder}
