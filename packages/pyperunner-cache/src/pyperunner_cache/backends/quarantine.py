"""Quarantine: where damaged files wait for inspection: never more than 20 of them or 1 GiB."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyperunner_cache.backends.names import safe_name
from pyperunner_cache.backends.removal import put_back
from pyperunner_cache.backends.writing import make_folder

__all__ = ["Quarantine"]

MOST_FILES = 20
MOST_BYTES = 1 << 30
_THROUGH = {os.stat, os.unlink} <= os.supports_dir_fd and os.scandir in os.supports_fd
"""Whether files can be looked at and removed in an open folder, whatever its path leads to meanwhile."""


class Quarantine:
    """The folder ``.quarantine`` of a store. A link in its place, which somebody may have planted, is never followed.

    Args:
        root: The store's folder.
        folder_mode: Its mode, once it is made.
    """

    __module__ = "pyperunner_cache.backends._quarantine"  # as in keys made by 0.2.0

    def __init__(self, root: str, folder_mode: int) -> None:
        self.folder = os.path.join(root, ".quarantine")
        self._folder_mode = folder_mode

    def take(self, path: str, key: str, is_meant: Callable[[os.stat_result], bool]) -> str | None:
        """Move the file at ``path`` here and return where it is now; the oldest ones make room.

        One that is not meant, because it has replaced that one meanwhile, stays where it is.

        Where something else lies in the place of the folder, too.

        Raises:
            OSError: The store may only be read.
        """
        make_folder(self.folder, self._folder_mode)
        if not stat.S_ISDIR(os.lstat(self.folder).st_mode):
            return None
        name = f"{os.urandom(4).hex()}-{safe_name(key)[:150]}-{os.path.basename(path)}"
        target = os.path.join(self.folder, name)
        try:
            if not is_meant(os.lstat(path)):
                return None
            os.rename(path, target)
            if not is_meant(os.lstat(target)):
                put_back(target, path)
                return None
        except FileNotFoundError:
            return None
        self._make_room()
        return target if os.path.lexists(target) else None

    def usage(self) -> tuple[int, int]:
        """Return how many files are here and their bytes in all."""
        with self._opened() as fd:
            files = self._files(fd)
        return len(files), sum(size for _, size, _ in files)

    def clear(self) -> None:
        """Remove them all."""
        with self._opened() as fd:
            for _, _, name in self._files(fd):
                self._remove(name, fd)

    @contextmanager
    def _opened(self) -> Iterator[int | None]:
        """Give the folder, open: it stays the one that was looked at; ``None`` where there is none."""
        fd = None
        try:
            if stat.S_ISDIR(os.lstat(self.folder).st_mode):
                fd = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW) if _THROUGH else -1
        except OSError:  # there is none, or it may not be looked at
            pass
        try:
            yield fd
        finally:
            if fd is not None and fd >= 0:
                os.close(fd)

    def _files(self, fd: int | None) -> list[tuple[float, int, str]]:
        found: list[tuple[float, int, str]] = []
        if fd is None:
            return found
        with os.scandir(fd if _THROUGH else self.folder) as entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                found.append((status.st_ctime, status.st_size, entry.name))
        return sorted(found)

    def _make_room(self) -> None:
        with self._opened() as fd:
            files = self._files(fd)
            total = sum(size for _, size, _ in files)
            while files and (len(files) > MOST_FILES or total > MOST_BYTES):
                _, size, name = files.pop(0)
                self._remove(name, fd)
                total -= size

    def _remove(self, name: str, fd: int | None) -> None:
        path, at = (name, fd) if _THROUGH else (os.path.join(self.folder, name), None)
        try:
            is_folder = stat.S_ISDIR(os.stat(path, dir_fd=at, follow_symlinks=False).st_mode)
            if not is_folder:
                os.unlink(path, dir_fd=at)
            elif sys.version_info >= (3, 11):
                shutil.rmtree(path, ignore_errors=True, dir_fd=at)
            else:
                shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)
        except FileNotFoundError:
            pass
