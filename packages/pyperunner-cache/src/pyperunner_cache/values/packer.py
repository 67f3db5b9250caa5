"""Packer: collects one value's parts, a msgpack skeleton and the large buffers that it refers to by number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.values.type_codes import Code
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["ATOMS", "BIG", "INLINE", "Encoder", "EncoderFor", "Needs", "NotPlain", "Packer", "is_rows"]

ATOMS = frozenset({type(None), bool, int, float, str, bytes})
"""Types that msgpack keeps exactly by itself."""
BIG = 1 << 20
"""Texts and bytes from this length on are parts of their own."""
INLINE = 4096
"""Buffers below this many bytes are kept inside the skeleton."""
_ROWS = 16


class NotPlain(Exception):
    """A part of a value has no exact plain form.

    A walk through the value adds the steps of the path while it unwinds.

    Args:
        type_name: The part's type.
        reason: Why it has none.
    """

    def __init__(self, type_name: str, reason: str) -> None:
        super().__init__(type_name, reason)
        self.type_name, self.reason = type_name, reason
        self._steps: list[str] = []

    def under(self, step: str) -> None:
        """Note that the part lies under ``step``, such as ``"['model']"``."""
        self._steps.append(step)

    @property
    def path(self) -> str:
        """Where the part is, from ``result`` on."""
        return "result" + "".join(reversed(self._steps))


@light_dataclass
class Needs:
    """Without which a value cannot be rebuilt, as far as is known."""

    classes: set[tuple[str, str]] = field(default_factory=set)
    """Module and qualified name."""
    pickle: bool = False
    """Whether a pickle is executed."""


class Packer:
    """Collects the parts of one value.

    Args:
        encoder_for: Finds how a value of a type beyond msgpack's own is written.
        pickles: Whether pickles are allowed.
        lower: Whether containers must be rebuilt before msgpack sees them, because they hold what it would keep
            under another type.
        errors: The Unicode error handler.
        inline: Whether everything stands in the skeleton, however large, and there are no parts besides.

    Attributes:
        needs: What those need who read the value.
    """

    def __init__(
        self,
        encoder_for: EncoderFor,
        *,
        pickles: bool = True,
        lower: bool = False,
        errors: str | None = None,
        inline: bool = False,
    ) -> None:
        self._encoder_for, self._pickles = encoder_for, pickles
        self._lower, self._errors = lower, errors
        self._inline, self._big = (1 << 62, 1 << 62) if inline else (INLINE, BIG)
        self.parts: list[Buffer] = [b""]
        self.needs = Needs()

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
        return buffer if len(buffer) < self._inline else self.part(buffer)

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

    def _lowered_text(self, value: bytes | str | bytearray) -> Any:
        if isinstance(value, bytearray):
            return msgpack.ExtType(Code.BYTEARRAY, msgpack.packb(self.place(value)))
        if len(value) < self._big:
            return value
        if isinstance(value, bytes):
            return msgpack.ExtType(Code.BYTES_PART, msgpack.packb(self.part(value)))
        return msgpack.ExtType(Code.STR_PART, msgpack.packb(self.part(value.encode("utf-8", "surrogatepass"))))

    def _packb(self, value: Any, strict: bool = True) -> bytes:
        packed: bytes = msgpack.packb(value, default=self._default, strict_types=strict, unicode_errors=self._errors)
        return packed

    def _default(self, value: Any) -> msgpack.ExtType:
        kind, encode = self._encoder_for(type(value), value, self._pickles)
        return msgpack.ExtType(kind, encode(self, value))


Encoder = Callable[[Packer, Any], bytes]
"""Writes a value as the content of an extension object."""
EncoderFor = Callable[[type, Any, bool], tuple[Code, Encoder]]
"""Finds extension code and encoder for a type and a value of it; whether pickles are allowed; raises `NotPlain`."""


def is_rows(value: list[Any]) -> bool:
    """Say whether ``value`` is a list of flat tuples, which packs as one block."""
    if len(value) < _ROWS or set(map(type, value)) != {tuple}:
        return False
    kinds: set[type] = set()
    for row in value:
        kinds.update(map(type, row))
    return kinds <= ATOMS
