"""Allocation: fresh memory for decoded buffers."""

from __future__ import annotations

import mmap
import sys

__all__ = ["allocate"]

_MAPPED_FROM = 1 << 20


def allocate(size: int) -> bytearray | mmap.mmap:
    """Return ``size`` writable bytes.

    A large ``bytearray`` would be filled with zeros first, which costs as much as decoding stored data into it; fresh
    anonymous pages do not, and the huge ones that the kernel is asked for save most of the page faults.
    """
    if size < _MAPPED_FROM or sys.platform == "win32":
        return bytearray(size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:
            pass  # a kernel without huge pages
    return memory
