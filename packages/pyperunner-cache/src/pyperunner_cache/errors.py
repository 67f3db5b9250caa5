"""Errors and warnings of the cache.

CacheError
├── MissingEntryError (KeyError)      no usable entry under a key
├── DamagedEntryError (ValueError)    bytes that are not what was written; loads turn it into a warning and a miss
├── ForeignEntryError (ValueError)    an entry not to be decoded here: unsigned, too new, a lost class
│   ├── PickleRefusedError            it holds a pickle, and none is executed here
│   └── UntrustedEntryError           it holds a pickle, and somebody else may have written it
├── EntryTooLargeError (ValueError)   an entry claims more bytes than the store's decoding limit
├── UnstorableError (TypeError)       a value, or a part of it, that cannot be kept
├── UnhashableArgumentError (TypeError) an argument of a memoized function that has no key
├── BadKeyError (ValueError)          not a key
├── BadURLError (ValueError)          not the address of a store
├── BadSizeError (ValueError)         not an amount of bytes or seconds
├── UnknownBackendError (LookupError) no backend of that scheme
├── UnknownCodecError (LookupError)   no codec of that name
├── StorageError (OSError)            the medium refused
│   ├── StoreFullError                no room left
│   ├── ReadOnlyStoreError            writing is not allowed
│   └── ForeignStoreError             what is there was made by another program or a newer release
├── LockTimeoutError (TimeoutError)   a lock was not free in time
└── DeadlockError (RuntimeError)      a lock is held by a process that waits for this one

CacheWarning (UserWarning)
├── DamagedEntryWarning               an entry was unusable and counts as absent
│   └── UnreadableEntryWarning        it is whole and cannot be read here, as one of a class that is gone
└── UnsafeStoreWarning                others can write into the store
"""

from __future__ import annotations

from typing import ClassVar

from pyperunner_text.errors import FactError

__all__ = [
    "BadKeyError",
    "BadSizeError",
    "BadURLError",
    "CacheError",
    "CacheWarning",
    "DamagedEntryError",
    "DamagedEntryWarning",
    "DeadlockError",
    "EntryTooLargeError",
    "ForeignEntryError",
    "ForeignStoreError",
    "LockTimeoutError",
    "MissingEntryError",
    "ReadOnlyStoreError",
    "StorageError",
    "StoreError",
    "StoreFullError",
    "UnhashableArgumentError",
    "UnknownBackendError",
    "UnknownCodecError",
    "UnreadableEntryWarning",
    "UnsafeStoreWarning",
    "UnstorableError",
]


class CacheError(FactError):
    """Base of all errors of the cache."""

    _in_state: ClassVar[tuple[str, ...]] = ()
    """Facts that stand in the state of a pickle, too, because keys and pickles made by 0.2.0 have them there."""

    def sentence(self) -> str:
        """Return the error's text."""
        return super().sentence() if self.template else " ".join(map(str, self.args))

    def __reduce__(self) -> tuple[object, ...]:
        kind, facts, *rest = super().__reduce__()
        state = {name: getattr(self, name) for name in self._in_state}
        state.update(*rest)
        return (kind, facts, state) if state else (kind, facts)


_NOTHING = "nothing is stored under it"


class MissingEntryError(CacheError, KeyError):
    """There is no usable entry under a key."""

    key: str
    where: str
    reason: str = _NOTHING
    _in_state = ("key", "reason")

    @property
    def absent(self) -> bool:
        """True where nothing is stored under the key, false where something unusable is."""
        return self.reason == _NOTHING

    def sentence(self) -> str:
        """Return the error's text."""
        return f"no entry {self.key!r} in {self.where}: {self.reason}; make the value again and save it"


class _EntryFault(CacheError, ValueError):
    """Base of what can be wrong with the bytes of one entry."""

    reason: str
    _in_state = ("reason",)

    def sentence(self) -> str:
        """Return the error's text."""
        return self.reason


class DamagedEntryError(_EntryFault):
    """The bytes of an entry are not the ones that were written."""


class ForeignEntryError(_EntryFault):
    """An entry is whole, yet this store must not or cannot decode it."""


class PickleRefusedError(ForeignEntryError):
    """An entry holds a pickle, and nothing is executed here."""

    reason: str = "it holds a pickle, which a store with trust='safe' does not execute"


class UntrustedEntryError(ForeignEntryError):
    """An entry holds a pickle that somebody else may have written."""


class EntryTooLargeError(_EntryFault):
    """An entry would take more memory than the store's ``max_load`` allows."""


class UnhashableArgumentError(CacheError, TypeError):
    """An argument of a memoized function cannot be part of a key.

    Args:
        name: The parameter.
        reason: Why it can't, and what else helps.
    """

    name: str
    reason: str
    template = "the argument {name!r} cannot be part of a key: {reason}; leave it out with ignore=[{name!r}]"


class UnstorableError(CacheError, TypeError):
    """A value, or a part of it, cannot be kept.

    Args:
        path: Where the part is, such as ``result['model'].lock``.
        type_name: The part's type.
        reason: Why it cannot be kept.
        key: Under which the value was to be kept.
    """

    path: str
    type_name: str
    reason: str
    key: str | None = None
    _in_state = ("path", "type_name", "reason", "key")

    def with_key(self, key: str) -> UnstorableError:
        """Return the same error, naming the key under which the value was to be kept."""
        return UnstorableError(self.path, self.type_name, self.reason, key)

    def sentence(self) -> str:
        """Return the error's text."""
        under = f" under {self.key!r}" if self.key is not None else ""
        return (
            f"cannot store {self.path} (a {self.type_name}){under}: {self.reason}; "
            f"return plain data instead, or leave {self.path} out"
        )


class BadKeyError(CacheError, ValueError):
    """A key is not of the form ``'<name>/<hash>'``."""

    key: object
    template = "not a key: {key!r}; a key is text of the form '<name>/<hash>' with a hash that is not empty"


class BadURLError(CacheError, ValueError):
    """An address does not name a store."""

    url: str
    reason: str
    template = "not the address of a store: {url!r}: {reason}; write a path, 'sqlite:///path/to/file.db' or 'memory://'"


class BadSizeError(CacheError, ValueError):
    """A text or number does not say an amount."""

    text: object
    example: str
    template = "not an amount: {text!r}; write for example {example}"


class _UnknownNameError(CacheError, LookupError):
    name: str
    known: tuple[str, ...]
    hint: str = ""
    what = "name"
    _in_state = ("name",)

    def sentence(self) -> str:
        """Return the error's text."""
        hint = f"; {self.hint}" if self.hint else ""
        return f"unknown {self.what} {self.name!r}; known: {', '.join(sorted(self.known))}{hint}"


class UnknownBackendError(_UnknownNameError):
    """No installed backend has this URL scheme."""

    what = "store scheme"


class UnknownCodecError(_UnknownNameError):
    """No installed codec has this name."""

    what = "codec"


class UnknownFormatError(_UnknownNameError):
    """There is no such format, or nothing that writes it."""

    what = "format"


class StorageError(CacheError, OSError):
    """The medium refused to keep, give or remove an entry.

    Args:
        action: What was tried, such as ``"save"``.
        key: The entry.
        file: Where on the medium.
        cause: What the medium answered.
        size: Bytes written when it failed, where that is known.
    """

    action: str
    key: str | None
    file: str
    cause: str
    size: int | None = None
    remedy = "look after the medium and try again"

    def __init__(self, action: str, key: str | None, file: str, cause: str, size: int | None = None) -> None:
        OSError.__init__(self, action, key, file)  # errno, strerror and filename are what they were in 0.2.0
        super().__init__(action, key, file, cause, size)

    def sentence(self) -> str:
        """Return the error's text."""
        what = f" {self.key!r}" if self.key is not None else ""
        after = f" after {self.size:,} bytes" if self.size is not None else ""
        return f"cannot {self.action}{what} at {self.file}{after}: {self.cause}; {self.remedy}"


StoreError = StorageError
"""Deprecated: `pyperunner_dag` has a ``StoreError``. What was written for 0.2.0, pickles too, knows this one by it."""


class StoreFullError(StorageError):
    """The medium has no room left."""

    remedy = "nothing was left behind: free some space (gc(max_size=…) evicts old entries) and run again"


class ReadOnlyStoreError(StorageError):
    """The medium may not be written to."""

    remedy = "only stored values can be used here: choose a store that may be written to"


class ForeignStoreError(StorageError):
    """What is at the store's place was made by another program, or by a newer release; it is left as it is."""

    remedy = "it was left as it is: choose another place, or install the release that made it"


class LockTimeoutError(CacheError, TimeoutError):
    """A lock or a busy database was not free in time."""

    what: str
    file: str
    seconds: float
    template = (
        "{what} was not free within {seconds:g} s ({file}); another process holds it: wait for it to end or end it"
    )

    def __init__(self, what: str, file: str, seconds: float) -> None:
        OSError.__init__(self, what, file, seconds)  # as for StorageError
        super().__init__(what, file, seconds)


class DeadlockError(CacheError, RuntimeError):
    """A lock is held by a process that has started this one and waits for it: neither would ever end."""

    what: str
    holder: int
    waiter: int
    template = (
        "{what} is held by process {holder}, which has started this one ({waiter}) and seems to wait for it, so that "
        "it would never be free: what is being made must not need itself in a process of its own"
    )


class CacheWarning(UserWarning):
    """Base of all warnings of the cache."""


class DamagedEntryWarning(CacheWarning):
    """An entry was unusable; it counts as absent."""


class UnreadableEntryWarning(DamagedEntryWarning):
    """An entry is whole and cannot be read here, as one of a class that is gone; it counts as absent."""


class UnsafeStoreWarning(CacheWarning):
    """Others can write into a store whose entries are trusted."""


for _name in (*__all__, "_EntryFault", "_UnknownNameError"):
    globals()[_name].__module__ = "pyperunner_cache._errors"
# What pickles and keys made by 0.2.0 call them: see that module.
