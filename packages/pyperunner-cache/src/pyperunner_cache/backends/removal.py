"""Removal: a file goes only if it is the one that was looked at.

An operating system removes names, and between a look and the removal another file may have come by the name: a save
that has said done, and would be lost. So a file is moved aside, is looked at again where nobody replaces it, and is put
back if it is another one. Only who loads it in that moment of a moment misses it.
"""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from pyperunner_cache.backends.writing import TEMPORARY

__all__ = ["FoundFile", "find_file", "put_back", "version_of"]


class FoundFile(NamedTuple):
    """A file as it was when it was looked at."""

    path: str
    status: os.stat_result

    def remove(self) -> bool:
        """Remove the file unless another one has taken its name; say whether it went. A folder stays."""
        now = find_file(self.path)
        return now is not None and self.is_same(now.status) and self.take()

    def take(self) -> bool:
        """Do as `remove` does, of a file that was looked at right now."""
        if stat.S_ISDIR(self.status.st_mode):
            return False
        folder, name = os.path.split(self.path)
        aside = os.path.join(folder, f"{TEMPORARY}{os.urandom(8).hex()}-{name}")
        try:
            os.rename(self.path, aside)
        except FileNotFoundError:
            return False
        if self.is_same(os.lstat(aside)):
            os.unlink(aside)
            return True
        put_back(aside, self.path)
        return False

    def is_same(self, status: os.stat_result) -> bool:
        """Say whether ``status`` is that of the file."""
        return version_of(status) == version_of(self.status)


def find_file(path: str) -> FoundFile | None:
    """Look at what is at ``path``; ``None`` where there is nothing."""
    try:
        return FoundFile(path, os.lstat(path))
    except (FileNotFoundError, NotADirectoryError):
        return None


def put_back(aside: str, path: str) -> None:
    """Give a file that was moved to ``aside`` its name again, unless a newer one has it."""
    try:
        os.link(aside, path, follow_symlinks=False)
    except FileExistsError:
        pass
    except OSError:  # a medium without hard links
        if not os.path.lexists(path):
            os.rename(aside, path)
            return
    os.unlink(aside)


def version_of(status: os.stat_result) -> tuple[int, int, int, int]:
    """Return what tells a file from every other that bears its name sooner or later."""
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
