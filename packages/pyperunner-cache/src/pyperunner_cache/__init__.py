"""An exact, crash-proof, swappable output cache.

``open_store(url_or_path)`` gives a `Cache`, which keeps values by key; `memoize` keeps what a function returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._cache import Cache as Cache
    from ._cache import EntryInfo as EntryInfo
    from ._cache import Receipt as Receipt
    from ._errors import BadKeyError as BadKeyError
    from ._errors import BadSizeError as BadSizeError
    from ._errors import BadURLError as BadURLError
    from ._errors import CacheError as CacheError
    from ._errors import CacheWarning as CacheWarning
    from ._errors import DamagedEntryError as DamagedEntryError
    from ._errors import DamagedEntryWarning as DamagedEntryWarning
    from ._errors import EntryTooLargeError as EntryTooLargeError
    from ._errors import ForeignEntryError as ForeignEntryError
    from ._errors import LockTimeoutError as LockTimeoutError
    from ._errors import MissingEntryError as MissingEntryError
    from ._errors import ReadOnlyStoreError as ReadOnlyStoreError
    from ._errors import StoreError as StoreError
    from ._errors import StoreFullError as StoreFullError
    from ._errors import UnknownBackendError as UnknownBackendError
    from ._errors import UnknownCodecError as UnknownCodecError
    from ._errors import UnsafeStoreWarning as UnsafeStoreWarning
    from ._errors import UnstorableError as UnstorableError
    from ._memoize import Memoized as Memoized
    from ._memoize import memoize as memoize
    from ._open import open_store as open_store

__version__ = "0.2.0"

_HOMES = {
    "Cache": "_cache",
    "EntryInfo": "_cache",
    "Receipt": "_cache",
    "open_store": "_open",
    "memoize": "_memoize",
    "Memoized": "_memoize",
}

__all__ = [
    "BadKeyError",
    "BadSizeError",
    "BadURLError",
    "Cache",
    "CacheError",
    "CacheWarning",
    "DamagedEntryError",
    "DamagedEntryWarning",
    "EntryInfo",
    "EntryTooLargeError",
    "ForeignEntryError",
    "LockTimeoutError",
    "Memoized",
    "MissingEntryError",
    "ReadOnlyStoreError",
    "Receipt",
    "StoreError",
    "StoreFullError",
    "UnknownBackendError",
    "UnknownCodecError",
    "UnsafeStoreWarning",
    "UnstorableError",
    "__version__",
    "memoize",
    "open_store",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: importing this package costs nothing by itself."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f".{_HOMES.get(name, '_errors')}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
