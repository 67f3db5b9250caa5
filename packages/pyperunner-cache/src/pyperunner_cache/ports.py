"""Ports: what the cache asks of a medium (`Backend`) and of a byte format (`Codec`).

A backend keeps *entries*, opaque bytes by key; it never looks inside. A codec turns the *parts* of a value (one
skeleton and any number of large buffers, see ``docs/format-v1.md``) into the body of an entry and back; it never knows
the medium. Everything between the two, the envelope with key, checksum and signature, belongs to the cache.

Both are found by name through the entry points ``pyperunner.backends`` and ``pyperunner.codecs``.

What not every medium can do stands in small ``Supports…`` protocols. There is one way to ask: ``isinstance(backend,
SupportsLock)``. A backend has the methods of a protocol where it can do what they promise, and lacks them where it
can't; there are no flags, and no methods that only raise. A cache has ``lock`` and ``locate`` by the same rule.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, runtime_checkable

__all__ = [
    "Backend",
    "Blob",
    "BlobInfo",
    "Buffer",
    "Codec",
    "ForbidsFork",
    "SupportsFork",
    "SupportsLocate",
    "SupportsLock",
    "SupportsMap",
    "SupportsOthers",
    "SupportsPeek",
    "SupportsRemove",
    "SupportsSetAside",
    "SupportsSurvey",
    "SupportsSweep",
    "SupportsTally",
    "SupportsTouch",
]

Buffer = bytes | bytearray | memoryview
"""Contiguous bytes."""


class BlobInfo(NamedTuple):
    """What a backend's listing says of one entry."""

    key: str
    size: int
    """Bytes the entry takes."""
    modified: float
    """Epoch seconds at which it was put."""
    used: float
    """Epoch seconds at which it was last put or used; ``modified`` where the medium does not know."""
    version: Hashable = None
    """What tells the entry from every other that is ever put under its key: inode and times, row number, name, ETag."""


class Blob(Protocol):
    """The bytes of one entry, open for reading; they do not change, whatever happens to the key meanwhile."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        ...

    @property
    def modified(self) -> float:
        """Epoch seconds at which the entry was put."""
        ...

    def read(self, offset: int, size: int) -> Buffer:
        """Return up to ``size`` bytes from ``offset``; fewer only where the entry ends."""
        ...

    def readinto(self, offset: int, targets: Sequence[memoryview]) -> int:
        """Fill ``targets`` in turn from ``offset``; return the number of bytes. Safe from several threads."""
        ...

    def close(self) -> None:
        """Let go of the medium; views handed out by `SupportsMap.map` stay valid."""
        ...


@runtime_checkable
class SupportsMap(Protocol):
    """A blob that can be mapped into memory instead of being read."""

    def map(self) -> memoryview:
        """Return all bytes as a private, copy-on-write view: writing to it changes neither file nor other readers."""
        ...


@runtime_checkable
class SupportsOthers(Protocol):
    """A blob that knows who else may have written it; a pickle in it is then executed only where that is allowed."""

    @property
    def others(self) -> str | None:
        """Say who else may write the entry, as a clause such as ``it belongs to user 12``; ``None`` for nobody."""
        ...


@runtime_checkable
class Backend(Protocol):
    """Keeps bytes by key. Safe to use from many threads and processes; not used on both sides of a fork, but see
    ``SupportsFork``.

    Keys are text of the form ``'<name>/<hash>'``; ``name`` may hold any characters, also ``/``, NUL and lone
    surrogates. Different keys are different entries, also where they differ only by case or Unicode form. Opening a
    backend and asking it writes nothing.

    Raises:
        pyperunner_cache.StorageError: From any method, when the medium fails; it names action, key, place and cause.
            What a library raises is turned into it (`pyperunner_cache.backends.translating` does so for ``OSError``):
            callers know no other, and go on without the store when they meet it. An entry that cannot be looked at is
            not absent.
        pyperunner_cache.BadKeyError: From any method, for what is no key; `split_key` raises it.
    """

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Backend:
        """Open the backend at ``url``; nothing is contacted or made before it is asked for something.

        Args:
            url: As the user wrote it, its scheme included. It ends up in records: credentials belong elsewhere.
            options: Those of ``open_store`` that are not the cache's own. The ones that the signature does not name are
                checked against the constructor's, for which they are meant.

        Raises:
            pyperunner_cache.BadURLError: It is not an address of this kind.
            TypeError: An option that the backend does not know.
        """
        ...

    def spec(self) -> dict[str, Any] | None:
        """Return ``url`` and all options that open it again in another process, or ``None`` where that is impossible.

        Builtins only. They travel to the processes of a run; in its record stand ``url`` and ``storage_options``,
        without what looks like a secret.
        """
        ...

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that have no entry, in one trip to the medium."""
        ...

    def get(self, key: str) -> Blob:
        """Open an entry.

        Raises:
            KeyError: There is none.
            pyperunner_cache.DamagedEntryError: The medium is so damaged that nobody can tell.
        """
        ...

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Keep the joined ``chunks`` under ``key``, replacing what is there; return their number of bytes.

        A reader sees the old entry or the new one, whole. When ``chunks`` or the medium fails, the old entry stays
        and nothing is left behind.

        Args:
            key: ``'<name>/<hash>'``.
            chunks: The bytes; buffers that nobody changes before ``put`` returns.
            filename: What the entry's file is called, for media with files. A key has one entry, whatever its name.
        """
        ...

    def delete(self, key: str) -> bool:
        """Remove an entry; say whether there was one. Open blobs stay readable."""
        ...

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """Yield all entries, or those whose key is ``<name>/<hash>``, in no particular order.

        An entry may be removed as soon as it was yielded; all others are yielded all the same.

        Args:
            name: The whole name, as `pyperunner_cache.backends.split_key` finds it in a key: not a beginning of it, not
                a pattern. ``""`` is a name, ``None`` means all.
        """
        ...

    def close(self) -> None:
        """Let go of the medium; using the backend afterwards opens it again."""
        ...


@runtime_checkable
class SupportsLocate(Protocol):
    """A backend with a file per entry."""

    def locate(self, key: str, filename: str) -> str:
        """Return the absolute path of ``filename`` in the entry's folder. Creates nothing."""
        ...

    def located(self, key: str) -> str | None:
        """Return the absolute path of the entry's file, or ``None`` when there is no entry."""
        ...


@runtime_checkable
class SupportsFork(Protocol):
    """A backend that can say whether it may be inherited by a forked process."""

    @property
    def survives_fork(self) -> bool:
        """Whether one object may be used on both sides of a fork: it holds no file, connection or thread."""
        ...


@runtime_checkable
class ForbidsFork(Protocol):
    """A backend that can say that a fork breaks it, even if the child opens its own."""

    @property
    def forbids_fork(self) -> bool:
        """Whether a child forked from a process that has used it hangs, as with libraries that keep threads.

        The processes of a run are fresh interpreters then, or copies of one that has never used a store.
        """
        ...


@runtime_checkable
class SupportsSurvey(Protocol):
    """A backend that can count what it holds faster than by a listing and a sweep."""

    def survey(self, but: str | None = None) -> tuple[int, int, int, int]:
        """Return how many entries there are, their bytes, how many orphans, and theirs.

        Args:
            but: Entries whose key begins with this name and a slash are not counted.
        """
        ...


@runtime_checkable
class SupportsLock(Protocol):
    """A backend that can give one holder at a time the exclusive right to make an entry."""

    def lock(self, key: str, timeout: float | None = None) -> AbstractContextManager[object]:
        """Return a context manager that holds the lock of ``key``.

        The lock belongs to the process (and in it to one thread) and is free again as soon as that process ends,
        however it ends, and whatever children it has forked. ``timeout`` is in seconds; ``None`` waits for ever.

        Raises:
            pyperunner_cache.LockTimeoutError: On entering, when the lock was not free in time.
        """
        ...


@runtime_checkable
class SupportsBeside(Protocol):
    """A backend of files, in which a file for others, ``result.parquet``, can lie beside the entry of a key."""

    def put_beside(self, key: str, content: Buffer | None) -> None:
        """Write a file, replacing what is there, whole or not at all; without ``content`` remove it.

        It goes with the entry, of which it is no part: nobody reads it here.

        Raises:
            pyperunner_cache.StorageError: The medium failed.
        """
        ...


@runtime_checkable
class SupportsPeek(Protocol):
    """A backend that opens an entry without fetching it whole, so that a plan can look at the heads of thousands."""

    def peek(self, key: str) -> Blob:
        """Open an entry of which head and tail will be read.

        Raises:
            KeyError: There is none.
        """
        ...


@runtime_checkable
class SupportsPlain(Protocol):
    """A backend that remembers of an entry that every store may load it, so that a plan need not look into it."""

    def put_plain(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Do as `Backend.put` does, with an entry that is plain."""
        ...

    def plain(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` whose entries were put as plain, are as they were put, and can be read."""
        ...


@runtime_checkable
class SupportsRemove(Protocol):
    """A backend that can remove the very entry that it has listed, and leave alone what has replaced it since."""

    def remove(self, info: BlobInfo) -> bool:
        """Remove the entry that `Backend.scan` told of; say whether it was still there.

        One that was put under its key meanwhile stays, so that a save which has said done is never lost to a clean-up.
        """
        ...


@runtime_checkable
class SupportsTouch(Protocol):
    """A backend that remembers when an entry was last used."""

    def touch(self, key: str, blob: Blob) -> None:
        """Note that the entry was used now. Best effort: a medium that refuses is no error."""
        ...


@runtime_checkable
class SupportsSetAside(Protocol):
    """A backend that keeps damaged entries for inspection."""

    def set_aside(self, key: str, blob: Blob) -> str | None:
        """Move the entry that ``blob`` was opened from out of the way; return where to, ``None`` if it is gone already.

        An entry that has replaced it meanwhile is left alone.
        """
        ...

    def aside(self) -> tuple[int, int]:
        """Return how many damaged entries are kept and their bytes in all."""
        ...


@runtime_checkable
class SupportsSweep(Protocol):
    """A backend on which a killed writer can leave something behind."""

    def sweep(self, *, dry_run: bool = False, aside: bool = False) -> tuple[int, int]:
        """Remove what dead writers left, and with ``aside`` what was set aside; return how many and their bytes.

        Never touches what a living writer, in whatever process, is working on.
        """
        ...


@runtime_checkable
class SupportsTally(Protocol):
    """A backend that keeps a running total of its bytes, so that a size limit need not count them at each save."""

    def tally(self, *, recount: bool = False) -> int:
        """Return the bytes of all entries: counted once, or for ``recount``, then kept by each put and removal."""
        ...


@runtime_checkable
class Codec(Protocol):
    """Turns the parts of a value into the body of an entry and back. Stateless apart from its options."""

    name: str
    """What is written into each entry; the entry point's name."""
    filename: str
    """The entry's file name, beginning with ``result.dump.``."""
    alignment: int
    """The body begins at a multiple of this many bytes within the entry."""
    verbatim: bool
    """True where every bit of the body either belongs to a part or is checked by `decode`; spares a second checksum."""

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Codec:
        """Make the codec from those of the store's options that it knows, such as ``level``; ignore the others."""
        ...

    def encode(self, parts: Sequence[Buffer]) -> Iterator[Buffer]:
        """Yield the body, as buffers that do not change any more; what is stored as it is, is not copied."""
        ...

    def decode(self, body: Blob, sizes: Sequence[int]) -> list[Buffer]:
        """Return the parts; all but the first are writable.

        Args:
            body: The body alone, offset 0 being its first byte. It may be damaged in any way.
            sizes: Bytes of each part. They have been checked against the store's limit: no more than their sum, and a
                working set per core, may be allocated, whatever the body claims.

        Raises:
            pyperunner_cache.DamagedEntryError: The body does not give parts of these sizes.
        """
        ...
