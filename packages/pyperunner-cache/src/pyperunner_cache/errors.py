"""Everything the cache raises or warns of.

CacheError
├── MissingEntryError (KeyError)      no usable entry under a key
├── DamagedEntryError (ValueError)    bytes that are not what was written; loads turn it into a warning and a miss
├── ForeignEntryError (ValueError)    an entry not to be decoded here: unsigned, too new, a lost class
├── EntryTooLargeError (ValueError)   an entry claims more bytes than the store's decoding limit
├── UnstorableError (TypeError)       a value, or a part of it, that cannot be kept
├── BadKeyError (ValueError)          not a key
├── BadURLError (ValueError)          not the address of a store
├── BadSizeError (ValueError)         not an amount of bytes or seconds
├── UnknownBackendError (LookupError) no backend of that scheme
├── UnknownCodecError (LookupError)   no codec of that name
├── StoreError (OSError)              the medium refused
│   ├── StoreFullError                no room left
│   └── ReadOnlyStoreError            writing is not allowed
└── LockTimeoutError (TimeoutError)   a lock was not free in time

CacheWarning (UserWarning)
├── DamagedEntryWarning               an entry was unusable and counts as absent
└── UnsafeStoreWarning                others can write into the store

Each exception takes the facts and writes its own sentence; the facts are its ``args``, so that it survives pickling.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "BadKeyError",
    "BadSizeError",
    "BadURLError",
    "CacheError",
    "CacheWarning",
    "DamagedEntryError",
    "DamagedEntryWarning",
    "EntryTooLargeError",
    "ForeignEntryError",
    "LockTimeoutError",
    "MissingEntryError",
    "ReadOnlyStoreError",
    "StoreError",
    "StoreFullError",
    "UnknownBackendError",
    "UnknownCodecError",
    "UnsafeStoreWarning",
    "UnstorableError",
]


class CacheError(Exception):
    """Base of all errors of the cache."""

    def __str__(self) -> str:
        return self._sentence()

    def _sentence(self) -> str:
        return " ".join(map(str, self.args))


_NOTHING = "nothing is stored under it"


class MissingEntryError(CacheError, KeyError):
    """There is no usable entry under a key."""

    def __init__(self, key: str, where: str, reason: str = _NOTHING) -> None:
        super().__init__(key, where, reason)
        self.key, self.reason = key, reason

    @property
    def absent(self) -> bool:
        """True where nothing is stored under the key, false where something unusable is."""
        return self.reason == _NOTHING

    def _sentence(self) -> str:
        key, where, reason = self.args
        return f"no entry {key!r} in {where}: {reason}; make the value again and save it"


class _EntryFault(CacheError, ValueError):
    """Base of what can be wrong with the bytes of one entry."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DamagedEntryError(_EntryFault):
    """The bytes of an entry are not the ones that were written."""


class ForeignEntryError(_EntryFault):
    """An entry is whole, yet this store must not or cannot decode it."""


class EntryTooLargeError(_EntryFault):
    """An entry would take more memory than the store's ``max_load`` allows."""


class UnstorableError(CacheError, TypeError):
    """A value, or a part of it, cannot be kept.

    Args:
        path: Where the part is, such as ``result['model'].lock``.
        type_name: The part's type.
        reason: Why it cannot be kept.
    """

    def __init__(self, path: str, type_name: str, reason: str, key: str | None = None) -> None:
        super().__init__(path, type_name, reason, key)
        self.path, self.type_name, self.reason, self.key = path, type_name, reason, key

    def with_key(self, key: str) -> UnstorableError:
        """Return the same error, naming the key under which the value was to be kept."""
        return UnstorableError(self.path, self.type_name, self.reason, key)

    def _sentence(self) -> str:
        under = f" under {self.key!r}" if self.key is not None else ""
        return (
            f"cannot store {self.path} (a {self.type_name}){under}: {self.reason}; "
            f"return plain data instead, or leave {self.path} out"
        )


class BadKeyError(CacheError, ValueError):
    """A key is not of the form ``'<name>/<hash>'``."""

    def __init__(self, key: object) -> None:
        super().__init__(key)

    def _sentence(self) -> str:
        return f"not a key: {self.args[0]!r}; a key is text of the form '<name>/<hash>' with a hash that is not empty"


class BadURLError(CacheError, ValueError):
    """An address does not name a store."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)

    def _sentence(self) -> str:
        url, reason = self.args
        return (
            f"not the address of a store: {url!r}: {reason}; write a path, 'sqlite:///path/to/file.db' or 'memory://'"
        )


class BadSizeError(CacheError, ValueError):
    """A text or number does not say an amount."""

    def __init__(self, text: object, example: str) -> None:
        super().__init__(text, example)

    def _sentence(self) -> str:
        text, example = self.args
        return f"not an amount: {text!r}; write for example {example}"


class _UnknownNameError(CacheError, LookupError):
    what = "name"

    def __init__(self, name: str, known: Iterable[str], hint: str = "") -> None:
        super().__init__(name, tuple(known), hint)
        self.name = name

    def _sentence(self) -> str:
        name, known, hint = self.args
        return f"unknown {self.what} {name!r}; known: {', '.join(sorted(known))}" + (f"; {hint}" if hint else "")


class UnknownBackendError(_UnknownNameError):
    """No installed backend has this URL scheme."""

    what = "store scheme"


class UnknownCodecError(_UnknownNameError):
    """No installed codec has this name."""

    what = "codec"


class StoreError(CacheError, OSError):
    """The medium refused to keep, give or remove an entry.

    Args:
        action: What was tried, such as ``"save"``.
        key: The entry.
        file: Where on the medium.
        cause: What the medium answered.
        size: Bytes written when it failed, where that is known.
    """

    remedy = "look after the medium and try again"

    def __init__(self, action: str, key: str | None, file: str, cause: str, size: int | None = None) -> None:
        super().__init__(action, key, file, cause, size)
        self.args = (action, key, file, cause, size)
        self.key, self.file, self.cause, self.size = key, file, cause, size

    def _sentence(self) -> str:
        action, key, file, cause, size = self.args
        what = f" {key!r}" if key is not None else ""
        after = f" after {size:,} bytes" if size is not None else ""
        return f"cannot {action}{what} at {file}{after}: {cause}; {self.remedy}"

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self.args


class StoreFullError(StoreError):
    """The medium has no room left."""

    remedy = "nothing was left behind: free some space (gc(max_size=…) evicts old entries) and run again"


class ReadOnlyStoreError(StoreError):
    """The medium may not be written to."""

    remedy = "only stored values can be used here: choose a store that may be written to"


class LockTimeoutError(CacheError, TimeoutError):
    """A lock or a busy database was not free in time."""

    def __init__(self, what: str, file: str, seconds: float) -> None:
        super().__init__(what, file, seconds)
        self.args = (what, file, seconds)

    def _sentence(self) -> str:
        what, file, seconds = self.args
        return (
            f"{what} was not free within {seconds:g} s ({file}); another process holds it: wait for it to end or end it"
        )

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self.args


class CacheWarning(UserWarning):
    """Base of all warnings of the cache."""


class DamagedEntryWarning(CacheWarning):
    """An entry was unusable; it counts as absent."""


class UnsafeStoreWarning(CacheWarning):
    """Others can write into a store whose entries are trusted."""


for _name in (*__all__, "_EntryFault", "_UnknownNameError"):
    globals()[_name].__module__ = "pyperunner_cache._errors"
# What pickles and keys made by 0.2.0 call them: see that module.
