"""Ports: what the graph asks of the world outside it.

A task's output lives in an *output store*. This module says what such a store must do, in builtins, so that any cache
can satisfy it without importing this package. The small ``Supports…`` protocols are optional: whoever needs one asks
with ``isinstance`` and says what is missing where the answer is no.

Keys have the form ``'<task name>/<hash>'``; the hash is 32 hex digits and follows the last slash, the task name may
hold any text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypedDict, runtime_checkable

__all__ = [
    "EntryInfo",
    "ForbidsFork",
    "OutputStore",
    "Receipt",
    "SupportsAlias",
    "SupportsCodecs",
    "SupportsDelete",
    "SupportsDigest",
    "SupportsEntries",
    "SupportsFiles",
    "SupportsFork",
    "SupportsFormats",
    "SupportsLocate",
    "SupportsLock",
    "SupportsProbe",
    "SupportsUsable",
]


class Receipt(TypedDict):
    """What a store says of an output it has just stored."""

    digest: str
    """Hex digest of the stored payload; equal payloads have equal digests."""
    size: int
    """Bytes the entry takes in the store."""


class EntryInfo(TypedDict):
    """What a listing says of one entry."""

    key: str
    size: int
    """Bytes the entry takes in the store."""
    modified: float
    """Seconds since the epoch at which the entry was stored."""


@runtime_checkable
class OutputStore(Protocol):
    """Keeps outputs by key. Safe to use from many processes at once; crosses no fork (but see ``SupportsFork``)."""

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that have no entry, in one trip to the medium. Writes nothing."""
        ...

    def load(self, key: str) -> Any:
        """Return the output stored under ``key``, equal to what was saved, in type too.

        Raises:
            KeyError: There is no entry, or what is there is damaged (then it was set aside with a warning).
        """
        ...

    def save(self, key: str, value: Any, meta: Mapping[str, Any] | None = None) -> Receipt:
        """Store ``value`` under ``key``, replacing what is there, atomically: readers see the old or the new entry.

        Args:
            key: ``'<task name>/<hash>'``.
            value: Any value the store can keep.
            meta: Builtins kept beside the value, read back by ``meta`` without decoding the value.

        Raises:
            Exception: A subclass of the store's own base error that names key, cause and remedy. Leaves nothing.
        """
        ...

    def meta(self, key: str) -> dict[str, Any]:
        """Return what ``save`` was given as ``meta``, plus ``digest``, ``size`` and ``saved_at`` (epoch seconds).

        Raises:
            KeyError: There is no entry.
        """
        ...

    def spec(self) -> dict[str, Any] | None:
        """Return builtins from which another process reopens this store, or ``None`` where that is impossible.

        The mapping holds ``url`` and keyword options; ``pyperunner_dag.reopen_store(spec)`` opens it again through the
        entry point named by the URL's scheme. A handle itself is never used on both sides of a fork.
        """
        ...


@runtime_checkable
class SupportsLocate(Protocol):
    """A store that keeps each entry in a file of its own."""

    def locate(self, key: str, filename: str | None = None) -> str:
        """Return the absolute path of the entry's file, or of ``filename`` in the entry's folder. Creates nothing."""
        ...


@runtime_checkable
class SupportsLock(Protocol):
    """A store that can give one process the exclusive right to make an entry (single flight)."""

    def lock(self, key: str, timeout: float | None = None) -> AbstractContextManager[object]:
        """Return a context manager that holds the lock of ``key``; it is free again when its holder exits or dies.

        Args:
            key: ``'<task name>/<hash>'``.
            timeout: Seconds to wait at most; ``None`` waits for ever, ``0`` does not wait.

        Raises:
            TimeoutError: On entering, when the lock was not free in time.
        """
        ...


@runtime_checkable
class SupportsAlias(Protocol):
    """A store in which one entry can stand for another."""

    def alias(self, key: str, target: str, meta: Mapping[str, Any] | None = None) -> None:
        """Make ``key`` an entry that names ``target`` and the digest of its payload; loading it loads the target.

        If the target is removed or its payload changes, the alias is a miss.

        Raises:
            KeyError: There is no entry under ``target``.
        """
        ...


@runtime_checkable
class SupportsCodecs(Protocol):
    """A store whose ``save`` takes ``codec=``, the name of what turns the value into bytes."""

    def check_codec(self, codec: str, /) -> object:
        """Return if there is such a codec.

        Raises:
            LookupError, ValueError: There is none, with those that there are.
        """
        ...


@runtime_checkable
class SupportsFormats(Protocol):
    """A store whose ``save`` takes ``format=``, the name of a format that others read."""

    def check_format(self, form: str, /) -> object:
        """Return if there is such a format.

        Raises:
            LookupError, ValueError: There is none, with those that there are.
        """
        ...


@runtime_checkable
class SupportsDelete(Protocol):
    """A store from which entries can be removed."""

    def delete(self, key: str) -> bool:
        """Remove the entry of ``key``; say whether there was one."""
        ...


@runtime_checkable
class SupportsFork(Protocol):
    """A store that can say whether it may be inherited, which saves every forked process to open its own."""

    @property
    def survives_fork(self) -> bool:
        """Whether one object may be used on both sides of a fork: it holds no file, connection or thread."""
        ...


@runtime_checkable
class ForbidsFork(Protocol):
    """A store that can say that a fork breaks it, even if the child opens its own."""

    @property
    def forbids_fork(self) -> bool:
        """Whether a child forked from a process that has used it hangs, as with libraries that keep threads."""
        ...


@runtime_checkable
class SupportsDigest(Protocol):
    """A store that knows, when it loads an output, the digest that its receipt had."""

    def load_with_digest(self, key: str) -> tuple[Any, str]:
        """Return what ``load`` does, and the ``digest`` of that very payload.

        Raises:
            KeyError: As for ``load``.
        """
        ...


@runtime_checkable
class SupportsProbe(Protocol):
    """A store that can say beforehand whether it takes entries."""

    def probe(self) -> None:
        """Return if entries can be stored just now; make nothing that stays.

        Raises:
            OSError: They can not, with the cause.
        """
        ...


@runtime_checkable
class SupportsEntries(Protocol):
    """A store whose entries can be listed."""

    def entries(self, name: str | None = None) -> Iterator[EntryInfo]:
        """Yield every entry, or those of the task called ``name``, in no particular order."""
        ...


@runtime_checkable
class SupportsUsable(Protocol):
    """A store that can tell what it would refuse to load without loading it, so that no plan counts on it."""

    def unusable(self, keys: Iterable[str]) -> Mapping[str, str]:
        """Return those of ``keys`` that ``load`` would refuse, with the reason, in some ten microseconds for each."""
        ...


@runtime_checkable
class SupportsFiles(Protocol):
    """A store that knows which of its values hold a ``File`` or ``Folder``, and verifies those when it loads them.

    It keeps path and digest of each; ``load`` raises ``KeyError`` when one was changed or removed since.
    """

    def files(self, keys: Iterable[str]) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return what is recorded of files and folders, in one trip, for those of ``keys`` whose values hold any.

        A record has ``path`` (as it was given), ``place`` (absolute), ``digest``, and ``glob`` where it is a folder.
        """
        ...
