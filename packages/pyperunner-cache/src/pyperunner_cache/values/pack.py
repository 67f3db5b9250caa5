"""A value to its parts: one msgpack skeleton and the large buffers it refers to by number."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import UnstorableError
from pyperunner_cache.values.check import ATOMS, BIG, Survey, is_rows
from pyperunner_cache.values.not_plain import Refusal
from pyperunner_cache.values.type_codes import Code
from pyperunner_keys import FileError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["Packer", "pack"]

INLINE = 4096
"""Buffers below this many bytes are kept inside the skeleton."""


def pack(value: Any, *, pickles: bool = True) -> list[Buffer]:
    """Return the parts of ``value``: the skeleton, then large buffers as views, copied only where they must be.

    Args:
        value: Anything.
        pickles: Whether a value without an exact plain form may be pickled, as a whole.

    Raises:
        UnstorableError: The value cannot be kept; the error has the path of the offending part.
    """
    if type(value) is dict and len(value) < 100 and ATOMS.issuperset(map(type, (*value, *value.values()))):
        try:
            skeleton: bytes = msgpack.packb(value, default=_refuse, strict_types=True)
        except Exception:
            pass
        else:
            if len(skeleton) < BIG:
                return [skeleton]
    try:
        return _pack_plainly(value, pickles)
    except FileError as error:
        from pyperunner_cache.values.find_unpicklable import blame

        path, _, _ = blame(value, error)
        raise UnstorableError(path, error.type_name, f"{error.file}: {error.reason}") from None
    except Refusal as refusal:
        if not pickles:
            reason = f"{refusal.reason}, and a store with trust='safe' keeps no pickles"
            raise UnstorableError(refusal.path, refusal.type_name, reason) from None
    from pyperunner_cache.values.pickling import pickle_whole

    packer = Packer(pickles=True, lower=False, errors=None)
    return packer.finish(msgpack.ExtType(Code.PICKLE, pickle_whole(packer, value)))


def _pack_plainly(value: Any, pickles: bool) -> list[Buffer]:
    survey = Survey(pickles)
    survey.walk(value, 0)
    errors = None
    for _ in range(3):
        packer = Packer(pickles, survey.lower, errors)
        try:
            return packer.finish(packer.lowered(value))
        except UnicodeEncodeError:
            errors = "surrogatepass"
        except (ValueError, OverflowError) as error:
            if survey.lower:
                raise Refusal(type(value).__name__, f"it has no plain form: {error}") from error
            survey.lower = True
    raise Refusal(type(value).__name__, "it has no plain form")


class Packer:
    """Collects the parts of one value.

    Args:
        pickles: Whether pickles are allowed.
        lower: Whether containers must be rebuilt before msgpack sees them, because they hold what it would keep
            under another type.
        errors: The Unicode error handler.
    """

    def __init__(self, pickles: bool, lower: bool, errors: str | None) -> None:
        self.pickles = pickles
        self._lower, self._errors = lower, errors
        self.parts: list[Buffer] = [b""]

    def finish(self, lowered: Any) -> list[Buffer]:
        """Pack the skeleton and return all parts."""
        self.parts[0] = self._packb(lowered)
        return self.parts

    def part(self, buffer: Buffer) -> int:
        """Keep ``buffer`` outside the skeleton and return its number."""
        self.parts.append(buffer)
        return len(self.parts) - 1

    def place(self, buffer: Buffer) -> int | Buffer:
        """Return what stands for ``buffer`` in the skeleton: its number, or a small one itself."""
        return buffer if len(buffer) < INLINE else self.part(buffer)

    def inner(self, value: Any) -> bytes:
        """Return the packed form of a value within an extension object."""
        return self._packb(self.lowered(value))

    def lowered(self, value: Any) -> Any:
        """Return ``value`` with everything wrapped that msgpack would keep under another type."""
        kind = type(value)
        if kind in (bytes, str, bytearray):
            return self._lowered_text(value)
        if not self._lower:
            return value
        if kind is dict:
            return {self.lowered(key): self.lowered(item) for key, item in value.items()}
        if kind is list:
            if is_rows(value):
                return msgpack.ExtType(Code.ROWS, self._packb(value, strict=False))
            return [self.lowered(item) for item in value]
        return value

    def _lowered_text(self, value: Any) -> Any:
        kind = type(value)
        if kind is bytearray:
            return msgpack.ExtType(Code.BYTEARRAY, msgpack.packb(self.place(value)))
        if len(value) < BIG:
            return value
        if kind is bytes:
            return msgpack.ExtType(Code.BYTES_PART, msgpack.packb(self.part(value)))
        return msgpack.ExtType(Code.STR_PART, msgpack.packb(self.part(value.encode("utf-8", "surrogatepass"))))

    def _packb(self, value: Any, strict: bool = True) -> bytes:
        packed: bytes = msgpack.packb(value, default=self._default, strict_types=strict, unicode_errors=self._errors)
        return packed

    def _default(self, value: Any) -> msgpack.ExtType:
        from pyperunner_cache.values.plain import encoder_for

        kind, encode = encoder_for(type(value), value, self.pickles)
        return msgpack.ExtType(kind, encode(self, value))


def _refuse(value: Any) -> Any:
    raise TypeError


Encoder = Callable[[Packer, Any], bytes]
