"""Plain encodings and digests: of values that hold no code, or whose code someone else writes."""

from __future__ import annotations

from typing import Any

import xxhash

from pyperunner_keys.encoding.encoders import ENCODERS
from pyperunner_keys.encoding.graphs import write_graph
from pyperunner_keys.encoding.writer import CodeHook, FileHook, Writer, text_bytes, write_item
from pyperunner_keys.errors import TooDeepError, UnencodableError
from pyperunner_keys.names import type_name

__all__ = ["digest_bytes", "digest_plain", "encode_plain", "encode_texts", "write_whole"]


def _refuse(value: Any, out: Writer) -> None:
    raise UnencodableError("", type_name(type(value)), "code is no plain value")


def encode_plain(value: Any, code: CodeHook = _refuse) -> bytes:
    """Return the canonical encoding of a value.

    Args:
        value: Any value with a stable encoding.
        code: Writes what stands for code in it; it is refused where this is not given.

    Raises:
        UnencodableError: The value, or a part of it, has none; or it is nested more than 200 levels deep.
    """
    out = Writer(ENCODERS, code)
    write_whole(value, out)
    return bytes(out.buffer)


def encode_texts(value: Any) -> bytes:
    """Return what ``encode_plain`` does of a value of text, whole numbers, lists and dicts, a few levels deep.

    Raises:
        KeyError: There is something else in it.
    """
    kind = type(value)
    if kind is str:
        return text_bytes(value)
    if kind is list:
        parts = [text_bytes(part) if type(part) is str else encode_texts(part) for part in value]
        return b"l%d:%b" % (len(value), b"".join(parts))
    if kind is dict:
        parts = [
            text_bytes(part) if type(part) is str else encode_texts(part) for pair in value.items() for part in pair
        ]
        return b"d%d:%b" % (len(value), b"".join(parts))
    number: bytes = _WHOLE_NUMBERS[kind] % value
    return number


_WHOLE_NUMBERS: dict[type, bytes] = {int: b"i%x;"}


def digest_plain(value: Any, code: CodeHook = _refuse, file: FileHook | None = None) -> str:
    """Return the xxh3-128 of ``encode_plain(value, code)`` as 32 hex digits, without a copy of large arrays.

    Args:
        value: Any value with a stable encoding.
        code: As for ``encode_plain``.
        file: Returns what stands for the content of a ``File`` or ``Folder``; it is read where this is not given.
    """
    out = Writer(ENCODERS, code, file, for_digest=True)
    write_whole(value, out)
    return out.digest().hex()


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """Return the xxh3-128 of raw bytes as 32 hex digits.

    Args:
        data: Any contiguous bytes.
    """
    return xxhash.xxh3_128_hexdigest(data)


def write_whole(value: Any, out: Writer) -> None:
    """Write all of a value: as a graph where it contains itself.

    Args:
        value: Any value with a stable encoding.
        out: A writer to which nothing has been written.
    """
    try:
        write_item(value, out)
    except (TooDeepError, RecursionError) as error:
        stack = "it is nested too deeply for what is left of the stack"
        out.restart()
        write_graph(value, out, error.reason if isinstance(error, TooDeepError) else stack)
