"""Signatures and digests of files and folders on disk.

A *signature* is what a stat says: equal signatures mean equal contents, unless the file was changed within the clock's
grain of being read, or through a mapping without a sign. So contents whose file changed less than two seconds before,
or whose times do not tell of every write, are used, but never remembered.
"""

from __future__ import annotations

import fnmatch
import os
import stat
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import xxhash

from pyperunner_keys.errors import FileError
from pyperunner_keys.files.mappings import times_tell

__all__ = [
    "FileDigest",
    "count_names",
    "file_signature",
    "folder_files",
    "folder_signatures",
    "matches",
    "read_file",
]

SETTLED_NS = 2_000_000_000
"""A file that changed less than this before it was read may have changed afterwards with an equal signature."""
_STEP = 1 << 20
_TRIES = 3


class FileDigest(NamedTuple):
    """What a file or folder held when it was read."""

    digest: str
    signature: str
    """Under which the digest may be remembered; empty where it may not."""


def _signed(status: os.stat_result) -> str:
    # A copy can carry the old modification time along, but nothing sets the time of the inode's last change.
    facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
    return ":".join(map(str, facts))


def file_signature(place: str, name: str) -> str:
    """Return the signature of a file.

    Args:
        place: Its absolute path.
        name: What to call it in an error.

    Raises:
        FileError: It is not there, or is no file.
    """
    status = _stat(place, "File", name)
    if stat.S_ISDIR(status.st_mode):
        raise FileError("", "File", "it is a folder; write Folder(…)", name)
    if not stat.S_ISREG(status.st_mode):
        raise FileError("", "File", "it is a device or pipe, which has no content to compare", name)
    return _signed(status)


def read_file(place: str, name: str) -> FileDigest:
    """Read a file and return its digest; one that changes meanwhile is read again.

    Args:
        place: Its absolute path.
        name: What to call it in an error.

    Raises:
        FileError: It is not there, is no file, may not be read, or keeps changing.
    """
    file_signature(place, name)
    for _ in range(_TRIES):
        started = time.time_ns()
        try:
            with open(place, "rb", buffering=0) as file:
                telling = times_tell(file.fileno())
                before = os.fstat(file.fileno())
                digest = _digest(file.readinto)
                after = os.fstat(file.fileno())
        except OSError as error:
            raise _unreadable(error, "File", name) from None
        if _signed(before) == _signed(after):
            settled = telling and max(after.st_mtime_ns, after.st_ctime_ns) + SETTLED_NS <= started
            return FileDigest(digest, _signed(after) if settled else "")
    raise FileError("", "File", "it keeps changing while it is read", name)


def _digest(readinto: Callable[[memoryview], int | None]) -> str:
    hasher = xxhash.xxh3_128()
    buffer = memoryview(bytearray(_STEP))
    while count := readinto(buffer):
        hasher.update(buffer[:count])
    return hasher.hexdigest()


def folder_files(place: str, glob: str, name: str) -> list[tuple[str, str]]:
    """Return the files below a folder that match a pattern, sorted: relative path with ``/``, and absolute path.

    Links to folders are followed, unless they lead back to a folder around them. No folder is looked into in which
    nothing can match.

    Args:
        place: The folder's absolute path.
        glob: The pattern.
        name: What to call the folder in an error.

    Raises:
        FileError: It is not there, is no folder, or it or a folder in it may not be read.
    """
    status = _stat(place, "Folder", name)
    if not stat.S_ISDIR(status.st_mode):
        raise FileError("", "Folder", "it is no folder; write File(…)", name)
    patterns = glob.split("/")
    found = _walk(place, "", ((status.st_dev, status.st_ino),), patterns, name)
    return sorted((relative, path) for relative, path in found if matches(relative, patterns))


def count_names(place: str, glob: str, most: int) -> int:
    """Return how many names `folder_files` looks at below a folder; the counting ends above ``most``."""
    count, folders, patterns = 0, [(place, "")], glob.split("/")
    while folders:
        folder, above = folders.pop()
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    count += 1
                    if count > most:
                        return count
                    if entry.is_dir() and _may_hold((above + entry.name).split("/"), patterns):
                        folders.append((entry.path, f"{above}{entry.name}/"))
        except OSError:
            continue  # who reads it says what is wrong
    return count


def _walk(
    place: str, above: str, around: tuple[tuple[int, int], ...], patterns: list[str], name: str
) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(place) as listing:
            entries = list(listing)
    except OSError as error:
        raise _unreadable(error, "Folder", f"{name} ({above.rstrip('/')})" if above else name) from None
    for entry in entries:
        relative = above + entry.name
        if not entry.is_dir():
            yield relative, entry.path
        elif _may_hold(relative.split("/"), patterns):
            status = entry.stat()
            identity = (status.st_dev, status.st_ino)
            if identity not in around:
                yield from _walk(entry.path, f"{relative}/", (*around, identity), patterns, name)


def _may_hold(folders: list[str], patterns: list[str]) -> bool:
    """Say whether a file below some folders, each in the one before, could match."""
    for folder, pattern in zip(folders, patterns, strict=False):
        if pattern == "**":
            return True
        if not fnmatch.fnmatchcase(folder, pattern):
            return False
    return len(folders) < len(patterns)


def matches(relative: str, patterns: list[str]) -> bool:
    """Say whether a path matches a pattern; ``**`` stands for any number of folders, at the end for any file below.

    Args:
        relative: Path with ``/``.
        patterns: The pattern, split at its slashes.
    """
    return patterns == ["**", "*"] or _match(relative.split("/"), patterns)


def _match(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns[0] != "**":
        return bool(parts) and fnmatch.fnmatchcase(parts[0], patterns[0]) and _match(parts[1:], patterns[1:])
    return any(len(patterns) == 1 or _match(parts[at:], patterns[1:]) for at in range(len(parts)))


def folder_signatures(files: dict[str, str]) -> dict[str, str]:
    """Return a signature for each file of a folder, by relative path.

    What cannot be read as a file has one that says all about it: where a dangling link leads, or what else it is.

    Args:
        files: Absolute paths by relative ones.
    """
    found = {}
    for relative, place in files.items():
        try:
            status = os.stat(place)
        except OSError:
            found[relative] = f"-> {os.readlink(place)}" if os.path.islink(place) else "gone"
        else:
            found[relative] = _signed(status) if stat.S_ISREG(status.st_mode) else f"kind {stat.S_IFMT(status.st_mode)}"
    return found


def _stat(place: str, kind: str, name: str) -> os.stat_result:
    try:
        return os.stat(place)
    except (OSError, ValueError) as error:
        raise _unreadable(error, kind, name) from None


def _unreadable(error: OSError | ValueError, kind: str, name: str) -> FileError:
    if isinstance(error, FileNotFoundError):
        reason = f"there is no such {kind.lower()}"
    else:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
    return FileError("", kind, reason, name)
