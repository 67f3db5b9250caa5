"""Quarantine: where damaged files wait for inspection: never more than 20 of them or 1 GiB."""

from __future__ import annotations

import os
from collections.abc import Callable

from pyperunner_cache.backends.names import safe_name
from pyperunner_cache.backends.removal import put_back
from pyperunner_cache.backends.writing import make_folder

__all__ = ["Quarantine"]

MOST_FILES = 20
MOST_BYTES = 1 << 30


class Quarantine:
    """The folder ``.quarantine`` of a store.

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

        Raises:
            OSError: The store may only be read.
        """
        make_folder(self.folder, self._folder_mode)
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
        files = self._files()
        return len(files), sum(size for _, size, _ in files)

    def clear(self) -> None:
        """Remove them all."""
        for _, _, path in self._files():
            _remove(path)

    def _files(self) -> list[tuple[float, int, str]]:
        found = []
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_ctime, status.st_size, entry.path))
        except FileNotFoundError:
            pass
        return sorted(found)

    def _make_room(self) -> None:
        files = self._files()
        total = sum(size for _, size, _ in files)
        while files and (len(files) > MOST_FILES or total > MOST_BYTES):
            _, size, path = files.pop(0)
            _remove(path)
            total -= size


def _remove(path: str) -> None:
    try:
        if os.path.isdir(path) and not os.path.islink(path):
            import shutil

            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass
