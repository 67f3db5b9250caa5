"""An exact, crash-proof, swappable output cache.

``open_store(url_or_path)`` gives a `Cache`, which keeps values by key; `memoize` keeps what a function returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_text import __version__
from pyperunner_text.former_names import keep_former_modules

if TYPE_CHECKING:
    from pyperunner_cache.cache import Cache as Cache
    from pyperunner_cache.cache import open_store as open_store
    from pyperunner_cache.decorator import memoize as memoize
    from pyperunner_cache.errors import BadKeyError as BadKeyError
    from pyperunner_cache.errors import BadSizeError as BadSizeError
    from pyperunner_cache.errors import BadURLError as BadURLError
    from pyperunner_cache.errors import CacheError as CacheError
    from pyperunner_cache.errors import CacheWarning as CacheWarning
    from pyperunner_cache.errors import DamagedEntryError as DamagedEntryError
    from pyperunner_cache.errors import DamagedEntryWarning as DamagedEntryWarning
    from pyperunner_cache.errors import DeadlockError as DeadlockError
    from pyperunner_cache.errors import EntryTooLargeError as EntryTooLargeError
    from pyperunner_cache.errors import ForeignEntryError as ForeignEntryError
    from pyperunner_cache.errors import ForeignStoreError as ForeignStoreError
    from pyperunner_cache.errors import LockTimeoutError as LockTimeoutError
    from pyperunner_cache.errors import MissingEntryError as MissingEntryError
    from pyperunner_cache.errors import ReadOnlyStoreError as ReadOnlyStoreError
    from pyperunner_cache.errors import StorageError as StorageError
    from pyperunner_cache.errors import StoreError as StoreError
    from pyperunner_cache.errors import StoreFullError as StoreFullError
    from pyperunner_cache.errors import UnhashableArgumentError as UnhashableArgumentError
    from pyperunner_cache.errors import UnknownBackendError as UnknownBackendError
    from pyperunner_cache.errors import UnknownCodecError as UnknownCodecError
    from pyperunner_cache.errors import UnknownFormatError as UnknownFormatError
    from pyperunner_cache.errors import UnreadableEntryWarning as UnreadableEntryWarning
    from pyperunner_cache.errors import UnsafeStoreWarning as UnsafeStoreWarning
    from pyperunner_cache.errors import UnstorableError as UnstorableError
    from pyperunner_cache.memoized import Memoized as Memoized
    from pyperunner_cache.schema import EntryInfo as EntryInfo
    from pyperunner_cache.schema import Receipt as Receipt

_HOMES = {
    "Cache": "cache",
    "open_store": "cache",
    "memoize": "decorator",
    "Memoized": "memoized",
    "EntryInfo": "schema",
    "Receipt": "schema",
}
"""The module of each public name, but for the errors."""

__all__ = [
    "BadKeyError",
    "BadSizeError",
    "BadURLError",
    "Cache",
    "CacheError",
    "CacheWarning",
    "DamagedEntryError",
    "DamagedEntryWarning",
    "DeadlockError",
    "EntryInfo",
    "EntryTooLargeError",
    "ForeignEntryError",
    "ForeignStoreError",
    "LockTimeoutError",
    "Memoized",
    "MissingEntryError",
    "ReadOnlyStoreError",
    "Receipt",
    "StorageError",
    "StoreError",
    "StoreFullError",
    "UnhashableArgumentError",
    "UnknownBackendError",
    "UnknownCodecError",
    "UnknownFormatError",
    "UnreadableEntryWarning",
    "UnsafeStoreWarning",
    "UnstorableError",
    "__version__",
    "memoize",
    "open_store",
]

keep_former_modules(
    __name__,
    {
        "_cache": "cache",
        "_errors": "errors",
        "_limit": "backends.size_ledger",
        "_memoize": "decorator",
        "_open": "cache",
        "_values": "values",
        "_values._main": "values.main_module",
        "backends._quarantine": "backends.quarantine",
    },
)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: importing this package costs nothing by itself."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"pyperunner_cache.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
