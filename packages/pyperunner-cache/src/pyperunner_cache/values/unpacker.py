"""Unpacker: rebuilds one value from its parts, whoever made them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.type_codes import BARE

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["Decoder", "DecoderFor", "Unpacker"]

_ON_STACK = 4
"""Levels of extension objects that are read recursively: msgpack puts 40 kB on the stack for each."""
_DEEPEST = 250
"""More than any release has written."""
_COPIES = 40
"""Each level is a copy of all that lies in it. A stranger's may take so many times the skeleton's bytes together, which
is more than `Precheck` lets a writer make of any value…"""
_COPIES_FREE = 16 << 20
"""…and these bytes."""
_MANY_KEYS = 1000
_CHECK_KEYS_FROM = 4096


class Unpacker:
    """Rebuilds one value.

    Args:
        parts: Skeleton and buffers.
        decoder_for: Finds how an extension object is read.
        pickles: Whether pickles, and imports of modules that classes live in, are allowed.
    """

    def __init__(self, parts: Sequence[Buffer], decoder_for: DecoderFor, pickles: bool) -> None:
        self.pickles = pickles
        self.pickled = False
        """Whether a pickle has been met."""
        self._parts: list[Buffer | None] = [None, *parts[1:]]
        self._decoder_for = decoder_for
        self._depth = 0
        self._ready: list[Any] = []
        self._room = 1 << 62 if pickles else _COPIES_FREE + _COPIES * len(parts[0])

    def inner(self, data: Buffer) -> Any:
        """Return the value packed as ``data``."""
        return self._unpack(data)

    def rows(self, data: Buffer) -> list[Any]:
        """Return the list of tuples packed as ``data``."""
        rows = self._unpack(data, use_list=False)
        if type(rows) is not tuple:
            raise DamagedEntryError("it holds a list of rows that is none")
        return list(rows)

    def items(self, data: Buffer) -> list[Any]:
        """Return the list packed as ``data``."""
        found = self.inner(data)
        if type(found) is not list:
            raise DamagedEntryError(f"it holds a {type(found).__name__} in the place of a list")
        return found

    def members(self, data: Buffer) -> list[Any]:
        """Return the list packed as ``data``, which will be a set."""
        found = self.items(data)
        _check_hashes(found)
        return found

    def fields(self, data: Buffer, *kinds: type | tuple[type, ...]) -> list[Any]:
        """Return the list packed as ``data``, which has one item of each of ``kinds``."""
        found = self.items(data)
        if len(found) != len(kinds) or not all(map(isinstance, found, kinds)):
            kinds_found = ", ".join(type(item).__name__ for item in found[:20])
            raise DamagedEntryError(f"it holds fields ({kinds_found}) that do not belong together")
        return found

    def buffer(self, place: object) -> Buffer:
        """Return the writable buffer that `Packer.place` stood for; each part belongs to one place."""
        if type(place) is bytes:
            return bytearray(place)
        if type(place) is not int or not 0 < place < len(self._parts):
            raise DamagedEntryError("it refers to a part that is none")
        part, self._parts[place] = self._parts[place], None
        if part is None:
            raise DamagedEntryError(f"it refers to its part {place} twice")
        return part

    def place(self, data: Buffer) -> Buffer:
        """Return the buffer whose place is packed as ``data``."""
        return self.buffer(msgpack.unpackb(data))

    def _unpack(self, data: Buffer, use_list: bool = True) -> Any:
        checks = not self.pickles and len(data) >= _CHECK_KEYS_FROM
        return msgpack.unpackb(
            data,
            ext_hook=self._hook,
            strict_map_key=False,
            unicode_errors="surrogatepass",
            use_list=use_list,
            object_pairs_hook=_dict_of_pairs if checks else None,
        )

    def _hook(self, code: int, data: bytes) -> Any:
        if self._ready:
            return self._ready.pop()
        self._take(len(data))
        if self._depth == _ON_STACK:
            return self._decode_deep(code, data)
        self._depth += 1
        try:
            return self._decoder_for(code)(self, data)
        finally:
            self._depth -= 1

    def _take(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise DamagedEntryError("it is nested so that reading it takes many times its size")

    def _decode_deep(self, code: int, data: bytes) -> Any:
        """Decode an object at any depth: the innermost first, each with the values of those in it ready."""
        stack = [_Wrapped(code, data, self._within(code, data))]
        while True:
            top = stack[-1]
            if top.left:
                if len(stack) == _DEEPEST:
                    raise DamagedEntryError(f"it is nested more than {_DEEPEST} levels deep")
                inner = top.left.pop()
                stack.append(_Wrapped(*inner, self._within(*inner)))
                continue
            self._ready = top.values
            value = self._decoder_for(top.code)(self, top.data)
            self._ready = []
            stack.pop()
            if not stack:
                return value
            stack[-1].values.append(value)

    def _within(self, code: int, data: bytes) -> list[tuple[int, bytes]]:
        """Return the extension objects in the content of another one, in their order."""
        found: list[tuple[int, bytes]] = []

        def note(inner_code: int, inner_data: bytes) -> None:
            self._take(len(inner_data))
            found.append((inner_code, inner_data))

        if code not in BARE:
            msgpack.unpackb(data, ext_hook=note, strict_map_key=False, unicode_errors="surrogatepass", use_list=False)
        return found


class _Wrapped:
    """An extension object that waits for those in it.

    Args:
        code: Its code.
        data: Its content.
        left: Those in it that are still to be decoded.
    """

    def __init__(self, code: int, data: bytes, left: list[tuple[int, bytes]]) -> None:
        self.code, self.data, self.left = code, data, left
        self.values: list[Any] = []
        """Of those that are decoded, the last one first."""


def _dict_of_pairs(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    _check_hashes([key for key, _ in pairs])
    return dict(pairs)


def _check_hashes(keys: Sequence[Any]) -> None:
    """Refuse keys that were made to have one hash: a dict of ten thousand of them takes seconds."""
    if len(keys) > _MANY_KEYS and 2 * len(set(map(hash, keys))) < len(keys):
        raise DamagedEntryError("most of its keys have one hash")


Decoder = Callable[[Unpacker, bytes], Any]
"""Reads a value from the content of an extension object."""
DecoderFor = Callable[[int], Decoder]
"""Finds the decoder for an extension code; raises `ForeignEntryError` for an unknown one."""
