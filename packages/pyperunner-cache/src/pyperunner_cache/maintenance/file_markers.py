"""Which entries hold files: empty entries of their own, so that for all others nobody has to look inside.

A marker stands for each entry whose value holds a ``File`` or ``Folder``, one for all entries whose names are alike up
to a parenthesis (the tasks of a class), and one for the store. They come before the entry and vouch for nothing: what a
value depends on stands in the head of its own entry.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pyperunner_cache.backends.names import key_digest

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend, BlobInfo

__all__ = ["absent_markers", "entries_of", "is_marker", "marked", "marker_of", "sweep_markers"]

_NAME = ".files"
_ANY = f"{_NAME}/any"
_YOUNG_SECONDS = 3600


def marker_of(key: str) -> str:
    """Return the key of an entry's marker."""
    return f"{_NAME}/{key_digest(key)}"


def _markers(key: str) -> list[str]:
    """Return the markers of an entry with files, the most general one first."""
    alike = key.rpartition("/")[0].partition("(")[0]
    return [_ANY, f"{_NAME}/{key_digest(alike)}", marker_of(key)]


def is_marker(key: str) -> bool:
    """Say whether a key is that of a marker."""
    return key.startswith(f"{_NAME}/")


def absent_markers(backend: Backend, key: str) -> list[str]:
    """Return the markers that must be made before an entry with files."""
    absent = backend.missing(_markers(key))
    return [marker for marker in _markers(key) if marker in absent]


def marked(backend: Backend, keys: Iterable[str]) -> list[str]:
    """Return those of ``keys`` whose entries may hold files."""
    if backend.missing([_ANY]):
        return []
    left = {key: _markers(key) for key in keys}
    for level in (1, 2):
        absent = backend.missing({markers[level] for markers in left.values()}) if left else set()
        left = {key: markers for key, markers in left.items() if markers[level] not in absent}
    return list(left)


def entries_of(backend: Backend, name: str | None = None) -> Iterator[BlobInfo]:
    """Yield every entry but the markers, or those whose key begins with ``name/``."""
    return (info for info in backend.scan(name) if not is_marker(info.key))


def sweep_markers(backend: Backend, *, everything: bool = False) -> None:
    """Remove the markers of entries that are gone, unless a writer may be about to make the entry.

    Args:
        backend: The store.
        everything: Remove all markers, because there are no entries any more.
    """
    markers = {info.key for info in backend.scan(_NAME) if everything or info.modified < time.time() - _YOUNG_SECONDS}
    if markers and not everything:
        markers.discard(_ANY)
        for info in entries_of(backend):
            markers.difference_update(_markers(info.key))
    for marker in markers:
        backend.delete(marker)
