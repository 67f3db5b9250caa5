"""File values: which entries hold a ``File`` or ``Folder``, and whether what those name is still what it was.

A value keeps path and digest of a file, without its content. An empty entry, a *marker*, stands for each entry whose
value holds one, so that for all others nobody has to look inside; another one for all entries whose names are alike up
to a parenthesis (the tasks of a class), and one for the store. They come before the entry and vouch for nothing: what a
value depends on stands in the head of its own entry.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from pyperunner_cache.backends.names import key_digest
from pyperunner_cache.entry import versions
from pyperunner_cache.entry.draft import Draft
from pyperunner_cache.ports import SupportsRemove, SupportsSurvey, SupportsSweep
from pyperunner_cache.side_by_side import WAITING, side_by_side
from pyperunner_cache.values.pack import pack
from pyperunner_keys import FileError, FileState, note

if TYPE_CHECKING:
    from pyperunner_cache.entry.signing import SigningKey
    from pyperunner_cache.ports import Backend, BlobInfo, Codec
    from pyperunner_cache.schema import FileRecord

__all__ = ["entries_of", "mark", "marked", "marker_of", "recheck", "remove", "removed", "survey", "sweep_markers"]

_NAME = versions.NAME
_ANY = f"{_NAME}/any"
_YOUNG_SECONDS = 3600
_NO_RECORD = (ValueError, AttributeError, TypeError)
_UNREADABLE = "what it says of files cannot be read"
_TOGETHER = 20
"""Entries that one thread removes in one go."""
_MOST_NAMES = 5_000
_MOST_READ = 32 << 20
"""What is looked at because an unsigned entry in a store with ``trust="safe"`` says so: names in a folder, bytes in all
files that are not known from before."""


def recheck(records: Iterable[FileRecord], *, cautious: bool = False) -> str | None:
    """Note the recorded files for who loads their value; return what has become of one that is not what it was.

    Args:
        records: What the head of an entry says of them.
        cautious: A stranger may have written that: nothing is looked at that takes long, and that is returned instead.
    """
    if cautious and (fault := out_of_reach(records)):
        return fault
    for record in records:
        try:
            now = FileState.of(record).recheck()
        except _NO_RECORD:
            now = _UNREADABLE
        if isinstance(now, str):
            return now
        note(now)
    return None


def out_of_reach(records: Iterable[FileRecord]) -> str | None:
    """Return which of the recorded files takes too long to look at, ``None`` where none does."""
    left = _MOST_READ
    for record in records:
        try:
            state = FileState.of(record)
            effort = state.effort(_MOST_NAMES)
        except FileError:
            continue  # it is gone or no file: `recheck` says so
        except _NO_RECORD:
            return _UNREADABLE
        if effort is None or effort > left:
            return f"{state.label[:200]} is too large to be read because an unsigned entry says so"
        left -= effort
    return None


def mark(backend: Backend, key: str, codec: Codec, signing_key: SigningKey | None) -> None:
    """Note that the value of ``key`` holds files, before there is an entry that says so."""
    for marker in _markers(key):
        if not _is_young(backend, marker):
            backend.put(marker, Draft(marker, pack(None), codec, {}, signing_key).chunks(), codec.filename)


def _is_young(backend: Backend, marker: str) -> bool:
    """Say whether no sweep can take the marker before the entry is there."""
    try:
        blob = backend.get(marker)
    except KeyError:
        return False
    try:
        return blob.modified > time.time() - _YOUNG_SECONDS / 2
    finally:
        blob.close()


def marker_of(key: str) -> str:
    """Return the key of an entry's marker."""
    return f"{_NAME}/{key_digest(key)}"


def _markers(key: str) -> list[str]:
    """Return the markers of an entry with files, the most general one first."""
    alike = key.rpartition("/")[0].partition("(")[0]
    return [_ANY, f"{_NAME}/{key_digest(alike)}", marker_of(key)]


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
    """Yield every entry but the store's own, or those whose key begins with ``name/``."""
    return (info for info in backend.scan(name) if not info.key.startswith(f"{_NAME}/"))


def survey(backend: Backend) -> tuple[int, int, int, int]:
    """Return how many entries there are but for the markers, their bytes, how many orphans, and theirs."""
    if isinstance(backend, SupportsSurvey):
        return backend.survey(but=_NAME)
    sizes = [info.size for info in entries_of(backend)]
    orphans = backend.sweep(dry_run=True) if isinstance(backend, SupportsSweep) else (0, 0)
    return len(sizes), sum(sizes), *orphans


def sweep_markers(backend: Backend, *, everything: bool = False) -> None:
    """Remove markers, and counts of versions, of entries that are gone, unless a writer may be about to make the entry.

    Args:
        backend: The store.
        everything: Remove young ones, too, because all entries have just been removed; those of entries that were saved
            meanwhile stay.
    """
    old = time.time() - _YOUNG_SECONDS
    markers = {info.key: info for info in backend.scan(_NAME) if everything or info.modified < old}
    markers.pop(versions.STORE, None)
    if not everything:
        markers.pop(_ANY, None)
    if markers:
        for info in entries_of(backend):
            for marker in (*_markers(info.key), versions.record_of(info.key)):
                markers.pop(marker, None)
    for _ in removed(backend, markers.values()):
        pass


def remove(backend: Backend, info: BlobInfo) -> bool:
    """Remove a listed entry, and not one that has replaced it since where the backend can tell them apart."""
    return _remover(backend)(info)


def removed(backend: Backend, infos: Iterable[BlobInfo]) -> Iterator[BlobInfo]:
    """Remove listed entries, but for those that have been replaced since where the backend can tell them apart.

    Many are removed at once: whoever removes one file after the other waits for the disk, most of the time.

    Yields:
        Each entry that went.
    """
    remove = _remover(backend)

    def gone(some: list[BlobInfo]) -> list[BlobInfo]:
        return [info for info in some if remove(info)]

    left = iter(infos)
    yield from gone(list(islice(left, _TOGETHER)))
    for some in side_by_side(gone, iter(lambda: list(islice(left, _TOGETHER)), []), WAITING):
        yield from some


def _remover(backend: Backend) -> Callable[[BlobInfo], bool]:
    return backend.remove if isinstance(backend, SupportsRemove) else lambda info: backend.delete(info.key)
