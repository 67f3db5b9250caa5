"""Mappings: whether the times of a file tell of every write to it that is still to come.

A write through a shared mapping sets the times when it makes a clean page dirty, and not again until the system has
written the page to the disk (Linux, ``file_update_time`` in ``mm/memory.c``): a file that has dirty pages can change
without a sign. On file systems that lie in memory it can always.
"""

from __future__ import annotations

import os
import sys
import time
from functools import lru_cache

__all__ = ["times_tell"]

_IN_MEMORY = {"tmpfs", "ramfs", "hugetlbfs", "devtmpfs"}
_CACHESTAT = 451
"""Number of the system call, the same on all machines; Linux has it from 6.5 on."""
_CLEAN_SECONDS = 60.0
"""Linux writes a page that is 30 seconds old within five more, if it is not told otherwise."""


def times_tell(fd: int) -> bool:
    """Say whether every write after this moment will change the signature of an open file."""
    if sys.platform != "linux":
        return True
    status = os.fstat(fd)
    if _file_system(status.st_dev) in _IN_MEMORY:
        return False
    dirty = _dirty_pages(fd)
    if dirty is not None:
        return not dirty
    if time.time() - max(status.st_mtime, status.st_ctime) < _CLEAN_SECONDS:
        return False  # writing it to the disk just now could take long
    try:
        os.fdatasync(fd)
    except OSError:
        return False
    return True


@lru_cache(maxsize=100)
def _file_system(device: int) -> str:
    """Return the type of the file system on a device, empty where it is not known."""
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                fields, _, kind = line.partition(" - ")
                if fields.split()[2] == wanted:
                    return kind.split()[0]
    except OSError:
        pass
    return ""


def _dirty_pages(fd: int) -> int | None:
    """Return how many pages of a file differ from the disk; ``None`` where the system does not say."""
    import ctypes

    everything = (ctypes.c_uint64 * 2)(0, 0)
    found = (ctypes.c_uint64 * 5)()  # in the cache, dirty, being written, evicted, lately so
    try:
        failed = ctypes.CDLL(None).syscall(_CACHESTAT, fd, ctypes.byref(everything), ctypes.byref(found), 0)
    except (OSError, AttributeError):
        return None
    return None if failed else found[1]
