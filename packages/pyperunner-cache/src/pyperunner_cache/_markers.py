"""Which entries hold files: empty entries of their own, so that for all others nobody has to look inside.

A marker stands beside each entry whose value holds a ``File`` or ``Folder``; one more says that the store has markers
at all. They come before the entry and vouch for nothing: what a value depends on stands in the head of its own entry.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ._names import key_digest

if TYPE_CHECKING:
    from .ports import Backend, BlobInfo

__all__ = ["absent_markers", "entries_of", "is_marker", "marked", "marker_of", "sweep_markers"]

_NAME = ".files"
_ANY = f"{_NAME}/any"
_YOUNG_SECONDS = 3600


def marker_of(key: str) -> str:
    """Return the key of an entry's marker."""
    return f"{_NAME}/{key_digest(key)}"


def is_marker(key: str) -> bool:
    """Say whether a key is that of a marker."""
    return key.startswith(f"{_NAME}/")


def absent_markers(backend: Backend, key: str) -> list[str]:
    """Return the markers that must be made before an entry with files, first that of the whole store."""
    return sorted(backend.missing([_ANY, marker_of(key)]), reverse=True)


def marked(backend: Backend, keys: Iterable[str]) -> list[str]:
    """Return those of ``keys`` whose entries may hold files."""
    if backend.missing([_ANY]):
        return []
    markers = {marker_of(key): key for key in keys}
    absent = backend.missing(markers)
    return [key for marker, key in markers.items() if marker not in absent]


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
    kept = set() if everything or not markers else {_ANY, *(marker_of(info.key) for info in entries_of(backend))}
    for marker in markers - kept:
        backend.delete(marker)
