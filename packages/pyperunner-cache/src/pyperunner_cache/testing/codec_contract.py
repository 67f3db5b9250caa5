"""Codec contract: what every codec must do, as a class of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pyperunner_cache.entry.blobs import BytesBlob
from pyperunner_cache.errors import CacheError, DamagedEntryError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer, Codec

__all__ = ["CodecContract"]


class CodecContract:
    """What every `Codec` must do. Override `codec`."""

    @pytest.fixture
    def codec(self) -> Codec:
        """Return the codec."""
        raise NotImplementedError("a subclass makes its codec")

    @staticmethod
    def _encode(codec: Codec, parts: list[Buffer]) -> bytes:
        return b"".join(codec.encode(parts))

    def test_its_names(self, codec: Codec) -> None:
        """Its name, file name and alignment have the form that the envelope expects."""
        assert codec.name.isidentifier()
        assert codec.filename.startswith("result.dump.")
        assert codec.alignment >= 1

    @pytest.mark.parametrize(
        "sizes",
        [
            [0],
            [1],
            [100],
            [65_535],
            [65_536],
            [1 << 20],
            [(1 << 20) + 1],
            [9, 0],
            [9, 5000, 0, 70_001],
            [3, 6 << 20, 1],
        ],
        ids=str,
    )
    @pytest.mark.parametrize("kind", ["zeros", "text", "noise"])
    def test_parts_come_back(self, codec: Codec, sizes: list[int], kind: str) -> None:
        """Parts of any size and content come back equal, and buffers writable."""
        parts = [_content(size, kind, number) for number, size in enumerate(sizes)]
        body = self._encode(codec, list(parts))
        found = codec.decode(BytesBlob(body, 0.0), sizes)
        assert [bytes(part) for part in found] == parts
        assert all(not memoryview(part).readonly for part in found[1:])

    def test_equal_parts_give_equal_bytes(self, codec: Codec) -> None:
        """Encoding is deterministic."""
        parts: list[Buffer] = [b"skeleton", _content(5 << 20, "text", 1)]
        assert self._encode(codec, parts) == self._encode(codec, parts)

    def test_damage_never_gives_other_sizes(self, codec: Codec) -> None:
        """Damaged bytes are refused, or give parts of the sizes asked for."""
        parts = [_content(300, "text", 0), _content(70_000, "text", 1)]
        body = self._encode(codec, list(parts))
        damaged = [b"", body[:-1], body + b"\0", body[: len(body) // 2], bytes(len(body))]
        damaged += [
            body[:at] + bytes([body[at] ^ 1 << at % 8]) + body[at + 1 :]
            for at in range(0, len(body), max(1, len(body) // 100))
        ]
        for broken in damaged:
            try:
                found = codec.decode(BytesBlob(broken, 0.0), [300, 70_000])
            except DamagedEntryError:
                continue
            assert [len(part) for part in found] == [300, 70_000]

    def test_false_claims_are_refused(self, codec: Codec) -> None:
        """Sizes that the bytes do not have are refused."""
        body = self._encode(codec, [b"skeleton", bytes(5000)])
        for sizes in ([8], [8, 4999], [8, 5001], [8, 5000, 1], [9, 4999], [8, 1 << 62]):
            try:
                found = codec.decode(BytesBlob(body, 0.0), sizes)
            except (CacheError, MemoryError):
                continue
            assert b"".join(found) != b"skeleton" + bytes(5000)


def _content(size: int, kind: str, seed: int) -> bytes:
    import random

    if kind == "zeros":
        return bytes(size)
    if kind == "noise":
        return random.Random(seed).randbytes(size)
    text = b" ".join(str(number * number).encode() for number in range(seed, seed + 20_000))
    return (text * (size // len(text) + 1))[:size]
