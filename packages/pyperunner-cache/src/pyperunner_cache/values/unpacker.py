"""Unpacker: rebuilds one value from its parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import DamagedEntryError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["Decoder", "DecoderFor", "Unpacker"]


class Unpacker:
    """Rebuilds one value.

    Args:
        parts: Skeleton and buffers.
        decoder_for: Finds how an extension object is read.
        pickles: Whether pickles, and imports of modules that classes live in, are allowed.
    """

    def __init__(self, parts: Sequence[Buffer], decoder_for: DecoderFor, pickles: bool) -> None:
        self.parts, self.pickles = parts, pickles
        self.pickled = False
        """Whether a pickle has been met."""
        self._decoder_for = decoder_for

    def inner(self, data: Buffer) -> Any:
        """Return the value packed as ``data``."""
        return msgpack.unpackb(data, ext_hook=self._hook, strict_map_key=False, unicode_errors="surrogatepass")

    def rows(self, data: Buffer) -> list[Any]:
        """Return the list of tuples packed as ``data``."""
        return list(
            msgpack.unpackb(
                data, ext_hook=self._hook, strict_map_key=False, unicode_errors="surrogatepass", use_list=False
            )
        )

    def buffer(self, place: int | bytes) -> Buffer:
        """Return the writable buffer that `Packer.place` stood for."""
        if isinstance(place, int):
            if place < 1:
                raise DamagedEntryError("it refers to a part that is none")
            return self.parts[place]
        return bytearray(place)

    def _hook(self, code: int, data: bytes) -> Any:
        return self._decoder_for(code)(self, data)


Decoder = Callable[[Unpacker, bytes], Any]
"""Reads a value from the content of an extension object."""
DecoderFor = Callable[[int], Decoder]
"""Finds the decoder for an extension code; raises `ForeignEntryError` for an unknown one."""
