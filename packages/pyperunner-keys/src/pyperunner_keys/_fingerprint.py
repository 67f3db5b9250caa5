"""Fingerprints of code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pyperunner_keys._writer import Writer, write_text

__all__ = ["Fingerprint", "fingerprint", "write_code"]


@dataclass(frozen=True)
class Fingerprint:
    """What a piece of code is, as far as it can be known."""

    digest: str
    parts: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)


def fingerprint(obj: Any) -> Fingerprint:
    """Return the fingerprint of a function, class or partial."""
    import xxhash

    name = f"{obj.__module__}.{obj.__qualname__}"
    return Fingerprint(xxhash.xxh3_128_hexdigest(name.encode()), {}, {})


def write_code(value: Any, out: Writer) -> None:
    """Write what stands for a piece of code."""
    write_text(fingerprint(value).digest, out)
