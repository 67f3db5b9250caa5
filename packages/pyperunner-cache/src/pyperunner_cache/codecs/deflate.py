"""Deflate: raw streams by ISA-L where it is installed, by zlib otherwise."""

from __future__ import annotations

import zlib
from typing import Any

try:
    from isal import igzip_lib, isal_zlib
except ImportError:  # not on this platform
    igzip_lib = isal_zlib = None  # type: ignore[assignment]

__all__ = ["compress", "crc32", "decompress"]

_ISAL_FROM = 2048
"""ISA-L sets up larger tables than zlib; below this many bytes zlib is the faster one."""


def compress(data: Any, level: int) -> bytes:
    """Return ``data`` as one complete deflate stream.

    Args:
        data: Any buffer.
        level: 1 (fast) to 9 (small); up to 3 by ISA-L.
    """
    if igzip_lib is not None and level <= 3 and len(data) >= _ISAL_FROM:
        packed: bytes = igzip_lib.compress(data, level, igzip_lib.COMP_DEFLATE)
        return packed
    deflater = zlib.compressobj(level, zlib.DEFLATED, -15)
    return deflater.compress(data) + deflater.flush()


def decompress(data: Any, size: int) -> bytes:
    """Return what the deflate stream ``data`` holds, never more than ``size`` + 1 bytes.

    Raises:
        zlib.error: It is no deflate stream.
        isal.isal_zlib.IsalError: The same, found by ISA-L.
    """
    if igzip_lib is not None and size >= _ISAL_FROM:
        inflater = igzip_lib.IgzipDecompressor(igzip_lib.DECOMP_DEFLATE)
        unpacked: bytes = inflater.decompress(data, size)
        return unpacked if inflater.eof else unpacked + b"\0"
    plain = zlib.decompressobj(-15)
    unpacked = plain.decompress(data, size)
    return unpacked if plain.eof and not plain.unused_data else unpacked + b"\0"


crc32 = zlib.crc32 if isal_zlib is None else isal_zlib.crc32
