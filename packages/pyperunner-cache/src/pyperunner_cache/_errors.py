"""Kept for stores written by 0.2.0: pickles in them name this module. The code is in ``pyperunner_cache.errors``."""

from __future__ import annotations

from pyperunner_cache.errors import (
    BadKeyError,
    BadSizeError,
    BadURLError,
    CacheError,
    CacheWarning,
    DamagedEntryError,
    DamagedEntryWarning,
    EntryTooLargeError,
    ForeignEntryError,
    LockTimeoutError,
    MissingEntryError,
    ReadOnlyStoreError,
    StoreError,
    StoreFullError,
    UnknownBackendError,
    UnknownCodecError,
    UnsafeStoreWarning,
    UnstorableError,
    _EntryFault,
    _UnknownNameError,
)

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
    "_EntryFault",
    "_UnknownNameError",
]
