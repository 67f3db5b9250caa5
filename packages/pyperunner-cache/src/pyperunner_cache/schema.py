"""Schema: what stands in the head of an entry, and the facts that a cache tells of its entries."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Collected", "EntryInfo", "FileRecord", "Head", "Receipt", "Stat", "Verified"]

FileRecord = dict[str, str]
"""``path``, ``place`` (absolute), ``digest`` and, for a folder, ``glob`` of a file in a value."""


class _Head(TypedDict):
    key: str
    codec: str
    parts: list[int]
    """Bytes of each part of the value."""
    saved: float
    """Epoch seconds."""


class Head(_Head, total=False):
    """The map in the head of an entry (``docs/format-v1.md``)."""

    meta: bytes
    """What `Cache.save` was given as ``meta``, packed."""
    files: list[FileRecord]
    """The files that the value holds."""
    alias: tuple[str, str] | list[str]
    """Key and digest of the entry that this one stands for."""
    store: bytes
    """What tells the store that a signed entry was made for from all others."""
    count: int
    """The number of its version, where it is signed."""
    classes: list[list[str]]
    """Module and qualified name of classes without which the value cannot be rebuilt."""
    pickle: bool
    """Whether the value is a pickle."""


class Receipt(TypedDict):
    """What `Cache.save` says of an entry it has just stored."""

    digest: str
    """Hex xxh3-128 of the payload; equal payloads have equal digests, whatever the codec."""
    size: int
    """Bytes the entry takes."""


class EntryInfo(TypedDict):
    """What `Cache.entries` says of one entry."""

    key: str
    size: int
    """Bytes the entry takes."""
    modified: float
    """Epoch seconds at which it was stored."""


class Stat(TypedDict):
    """What `Cache.stat` counts."""

    entries: int
    bytes: int
    """Bytes that all entries take."""
    aside: int
    """Damaged entries kept for inspection."""
    aside_bytes: int
    orphans: int
    """What killed writers left behind."""
    orphan_bytes: int


class Verified(TypedDict):
    """What `Cache.verify` found."""

    checked: int
    damaged: dict[str, str]
    """Key and what is wrong, for each unusable entry."""


class Collected(TypedDict):
    """What `Cache.gc` removed."""

    evicted: int
    evicted_bytes: int
    orphans: int
    """Leftovers of dead writers and damaged entries."""
    orphan_bytes: int
