"""Plain encodings and digests: of values that hold no code, or whose code someone else writes."""

from __future__ import annotations

from typing import Any

import xxhash

from pyperunner_keys.encoding.encoders import ENCODERS
from pyperunner_keys.encoding.writer import CodeHook, FileHook, Writer, write_item
from pyperunner_keys.errors import TooDeepError, UnencodableError
from pyperunner_keys.names import type_name

__all__ = ["digest_bytes", "digest_plain", "encode_plain"]


def _refuse(value: Any, out: Writer) -> None:
    raise UnencodableError("", type_name(type(value)), "code is no plain value")


def encode_plain(value: Any, code: CodeHook = _refuse) -> bytes:
    """Return the canonical encoding of a value.

    Args:
        value: Any value with a stable encoding.
        code: Writes what stands for code in it; it is refused where this is not given.

    Raises:
        UnencodableError: The value, or a part of it, has none; or it is cyclic or nested more than 200 levels deep.
    """
    out = Writer(ENCODERS, code)
    _write(value, out)
    return bytes(out.buffer)


def digest_plain(value: Any, code: CodeHook = _refuse, file: FileHook | None = None) -> str:
    """Return the xxh3-128 of ``encode_plain(value, code)`` as 32 hex digits, without a copy of large arrays.

    Args:
        value: Any value with a stable encoding.
        code: As for ``encode_plain``.
        file: Returns what stands for the content of a ``File`` or ``Folder``; it is read where this is not given.
    """
    hasher = xxhash.xxh3_128()
    out = Writer(ENCODERS, code, hasher, file)
    _write(value, out)
    out.flush()
    return hasher.hexdigest()


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """Return the xxh3-128 of raw bytes as 32 hex digits.

    Args:
        data: Any contiguous bytes.
    """
    return xxhash.xxh3_128_hexdigest(data)


def _write(value: Any, out: Writer) -> None:
    try:
        write_item(value, out)
    except TooDeepError as error:
        raise error.settled() from None
    except RecursionError:
        reason = "it is nested too deeply for what is left of the stack"
        raise UnencodableError("", type_name(type(value)), reason) from None
