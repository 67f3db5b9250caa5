"""Packed text: a text that is kept compressed, made of pieces and read in pieces, because it may be very long."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["PackedText"]

_LEVEL = 1
_READ_SIZE = 1 << 16


class PackedText:
    """A text as UTF-8.

    Args:
        pieces: Its pieces, read once.
    """

    def __init__(self, pieces: Iterable[str]) -> None:
        packer = zlib.compressobj(_LEVEL)
        self._packed = b"".join([*(packer.compress(piece.encode()) for piece in pieces), packer.flush()])

    def __iter__(self) -> Iterator[bytes]:
        unpacker = zlib.decompressobj()
        data = self._packed
        while not unpacker.eof:
            yield unpacker.decompress(data, _READ_SIZE)
            data = unpacker.unconsumed_tail

    def read_yaml(self) -> Any:
        """Return the value that the text says in YAML, made by ``yaml_pieces``."""
        from pyperunner_text.yaml.reader import read_yaml

        return read_yaml(bytes(self), "a text in memory")

    def __bytes__(self) -> bytes:
        return zlib.decompress(self._packed)
