"""Files and folders as plain values: by their paths as they were given, so that relative ones stay relative."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyperunner_dag.saved.values_code import Convert, Finder
    from pyperunner_dag.schema import Plain
    from pyperunner_keys import File, Folder

__all__ = ["FILE_READERS", "file_to_plain"]


def file_to_plain(value: object, inner: Convert) -> dict[str, Plain] | None:
    """Return a ``File`` or ``Folder`` in plain values; ``None`` for all else.

    Args:
        value: The value.
        inner: Makes plain values of its parts.
    """
    from pyperunner_keys import File, Folder

    if isinstance(value, Folder):
        return {"$folder": {"path": inner(value.path), "glob": inner(value.glob)}}
    return {"$file": inner(value.path)} if isinstance(value, File) else None


def _file(content: Plain, inner: Convert, find: Finder) -> File:
    from pyperunner_keys import File

    return File(inner(content))


def _folder(content: Plain, inner: Convert, find: Finder) -> Folder:
    from pyperunner_keys import Folder

    return Folder(inner(content["path"]), inner(content["glob"]))


FILE_READERS = {"$file": _file, "$folder": _folder}
