"""Tree: a walk through the folders of a file store, of a million entries, too.

Nearly all that a walk costs, when nothing is in memory, is a read of the disk for the content of each entry's folder.
What a seal says (see `writing`) stands beside those of its neighbours, and folders are looked at in the order in which
they lie on the disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Set
from itertools import islice
from typing import NamedTuple

from pyperunner_cache.backends.names import ENTRY_PREFIX, KNOWN_FILENAMES, safe_name, split_key, unsafe_name
from pyperunner_cache.backends.removal import FoundFile, find_file, version_of
from pyperunner_cache.backends.writing import TEMPORARY, sealed_size
from pyperunner_cache.entry.blobs import FileBlob
from pyperunner_cache.entry.envelope import key_of
from pyperunner_cache.ports import BlobInfo
from pyperunner_cache.side_by_side import WAITING, side_by_side
from pyperunner_cache.system import READ_FLAGS, usable_cores

__all__ = ["entry_files", "missing_keys", "survey_files"]

_AT_ONCE = 50_000
"""Names that are in memory."""
_TOGETHER = 200
"""Entries that one thread looks at in one go."""
_FEW = 10
"""Folders that are looked for one by one, by their whole paths."""
_BYTES_PER_NAME = 1000
"""Of a folder's own bytes; where it has more for each name that is looked for, listing it takes longer."""


def entry_files(root: str, folder: str | None = None) -> Iterator[BlobInfo]:
    """Yield the entries under ``root``, or those in its folder called ``folder``.

    A name that was cut is read from the entry itself.
    """
    for place in [os.path.join(root, folder)] if folder is not None else _folders(root):
        name = unsafe_name(os.path.basename(place))
        for found in _entries_in(place):
            entry = found.file
            digest = unsafe_name(found.folder)
            key = f"{name}/{digest}" if name is not None and digest is not None else _key_inside(entry.path)
            if key is not None:
                status = entry.status
                used = max(status.st_atime, status.st_mtime)
                yield BlobInfo(key, status.st_size, status.st_mtime, used, version_of(status))


def survey_files(root: str, but: str | None = None) -> tuple[int, int, list[str]]:
    """Return how many entries are under ``root``, their bytes, and the paths of temporary files.

    Args:
        root: The store's folder.
        but: The name of a folder in it whose entries do not count.
    """
    folders = _folders(root)
    found = dict(zip(folders, side_by_side(_survey_folder, folders, usable_cores()), strict=True))
    counted = [(count, size) for place, (count, size, _) in found.items() if os.path.basename(place) != but]
    temporary = [*_files(root, TEMPORARY), *(path for _, _, paths in found.values() for path in paths)]
    return sum(count for count, _ in counted), sum(size for _, size in counted), temporary


def missing_keys(root: str, keys: Iterable[str]) -> set[str]:
    """Return those of very many keys that have no entry under ``root``, from listings of the folders of their names."""
    by_name: dict[str, str | list[str]] = {}  # most names have one key, and there may be a million
    for key in keys:
        name, _ = split_key(key)
        known = by_name.setdefault(name, key)
        if isinstance(known, list):
            known.append(key)
        elif known is not key:
            by_name[name] = [known, key]
    places = {safe_name(name): found for name, found in by_name.items()}
    del by_name
    absent: set[str] = set()
    there = _listed_among(root, places.keys())
    for place, found in places.items():
        of_name = [found] if isinstance(found, str) else found
        if place in there:
            folders = {safe_name(split_key(key)[1]): key for key in of_name}
            absent.update(map(folders.__getitem__, _absent_in(f"{root}{os.sep}{place}", folders.keys())))
        else:
            absent.update(of_name)
    return absent


def _listed_among(place: str, folders: Set[str]) -> Set[str]:
    """Return those of ``folders`` that may be in ``place``: what a listing of it has, where that costs little.

    Args:
        place: A folder.
        folders: The names of folders in it, many of them.
    """
    try:
        if os.stat(place).st_size <= _BYTES_PER_NAME * len(folders):
            return folders & frozenset(os.listdir(place))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except PermissionError:  # it may not be listed, but looked into
        pass
    return folders


def _absent_in(place: str, folders: Set[str]) -> list[str]:
    """Return those of ``folders`` in ``place`` that hold no entry.

    Args:
        place: The folder of a name.
        folders: The names of folders in it.
    """
    if len(folders) < _FEW:
        return [folder for folder in folders if _is_absent(place, folder)]
    through = os.stat in os.supports_dir_fd  # so the system need not walk the whole path for each of them
    try:
        fd = os.open(place, READ_FLAGS | os.O_DIRECTORY) if through else None
    except (FileNotFoundError, NotADirectoryError):
        return list(folders)
    try:
        there = _listed_among(place, folders)
        absent = list(folders - there)
        absent += (each for each in there if _is_absent(place, each, fd))
        return absent
    except (FileNotFoundError, NotADirectoryError):
        return list(folders)
    finally:
        if fd is not None:
            os.close(fd)


def _is_absent(place: str, folder: str, within: int | None = None) -> bool:
    """Say whether there is no entry in a folder of ``place``, which may be open as ``within``."""
    try:
        if within is None:
            status = os.lstat(f"{place}{os.sep}{folder}")
        else:
            status = os.stat(folder, dir_fd=within, follow_symlinks=False)
    except OSError:
        return True
    return sealed_size(status) is None and next(_files(f"{place}{os.sep}{folder}", ENTRY_PREFIX), None) is None


def _survey_folder(place: str) -> tuple[int, int, list[str]]:
    count = total = 0
    temporary = list(_files(place, TEMPORARY))
    for inner, sealed in _entry_folders(place):
        size = sealed
        if size is None:
            path = f"{place}{os.sep}{inner}"
            temporary += _files(path, TEMPORARY)
            entry = _entry(path, sealed)
            if entry is None:
                continue
            size = entry.status.st_size
        count += 1
        total += size
    return count, total, temporary


class _Entry(NamedTuple):
    folder: str
    file: FoundFile


def _entries_in(place: str) -> Iterator[_Entry]:
    """Yield the entries in the folders of ``place``; in a long listing many are looked at at once."""

    def look(folders: list[tuple[str, int | None]]) -> list[_Entry]:
        found = ((inner, _entry(f"{place}{os.sep}{inner}", sealed)) for inner, sealed in folders)
        return [_Entry(inner, file) for inner, file in found if file is not None]

    folders = _entry_folders(place)
    yield from look(list(islice(folders, _TOGETHER)))
    rest = iter(lambda: list(islice(folders, _TOGETHER)), [])
    for entries in side_by_side(look, rest, WAITING):
        yield from entries


def _entry_folders(place: str) -> Iterator[tuple[str, int | None]]:
    """Yield the names of the folders in ``place``, and the bytes of the entry in each that is sealed."""
    # Through an open folder the system need not walk the whole path for each name in it.
    through = os.scandir in os.supports_fd
    try:
        fd = os.open(place, READ_FLAGS | os.O_DIRECTORY) if through else -1
        entries = os.scandir(fd if through else place)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        with entries as listing:
            while some := list(islice(listing, _AT_ONCE)):
                for _, name, entry in sorted((entry.inode(), entry.name, entry) for entry in some if _is_folder(entry)):
                    try:
                        yield name, sealed_size(entry.stat(follow_symlinks=False))
                    except FileNotFoundError:
                        continue
    finally:
        if through:
            os.close(fd)


def _entry(folder: str, sealed: int | None) -> FoundFile | None:
    """Return the entry in a folder; of several the one that is read."""
    for filename in KNOWN_FILENAMES if sealed is not None else ():
        found = find_file(f"{folder}{os.sep}{filename}")
        if found is not None:
            return found
    for path in sorted(_files(folder, ENTRY_PREFIX)):
        found = find_file(path)
        if found is not None:
            return found
    return None


def _key_inside(path: str) -> str | None:
    try:
        blob = FileBlob(os.open(path, READ_FLAGS), path)
    except OSError:
        return None
    try:
        return key_of(blob)
    finally:
        blob.close()


def _folders(folder: str) -> list[str]:
    return [entry.path for entry in _listing(folder) if _is_folder(entry)]


def _files(folder: str, prefix: str) -> Iterator[str]:
    return (entry.path for entry in _listing(folder) if entry.name.startswith(prefix))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)


def _listing(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
