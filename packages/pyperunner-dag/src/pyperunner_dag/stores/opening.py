"""Opening of output stores by URL, found through entry points: ``pyperunner.stores`` and the backends of the cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from pyperunner_dag.errors import StoreNotInstalledError, StorePluginError, UnknownStoreError
from pyperunner_dag.ports import OutputStore
from pyperunner_dag.stores.routed import RoutedStore
from pyperunner_text.urls import scheme_of

__all__ = ["open_store", "reopen_store"]


def _opener(scheme: str) -> Callable[..., OutputStore]:
    """Return what opens stores of ``scheme``."""
    from pyperunner_text.plugins import BrokenPlugin, UnknownPlugin, find_store

    try:
        opener: Callable[..., OutputStore] = find_store(scheme)
    except UnknownPlugin as error:
        if not error.known or scheme == "file":
            raise StoreNotInstalledError from None
        raise UnknownStoreError(scheme, error.known) from None
    except BrokenPlugin as error:
        raise StorePluginError(scheme, error.target, error.package, error.problem) from error.__cause__
    return opener


def open_store(target: str | os.PathLike[str] | OutputStore, **options: Any) -> OutputStore:
    """Open an output store.

    Args:
        target: A folder, a store URL such as ``sqlite:///outputs.db``, or a store, which is returned as it is.
        **options: Options of the store.

    Raises:
        UnknownStoreError: No installed store opens URLs of this scheme.
        StoreNotInstalledError: No store is installed at all.
        StorePluginError: The store is installed but does not import.
        TypeError: ``target`` is none of these, or options were given for a store that is open already.
    """
    if isinstance(target, (str, os.PathLike)):
        store = _opener(scheme_of(target))(target, **options)
    elif isinstance(target, OutputStore):
        store = target
        if options:
            raise TypeError(f"{type(target).__name__} is open already and takes no options ({', '.join(options)})")
    else:
        raise TypeError(f"a store is a path, a URL or an OutputStore, not {type(target).__name__}")
    return store


def reopen_store(spec: Mapping[str, Any]) -> OutputStore:
    """Open a store again, in another process, from what its ``spec()`` returned there.

    Args:
        spec: ``url``, and the keyword options of ``open_store``; of a routed store also ``stores``.

    Raises:
        StoreError: As ``open_store`` does.
    """
    options = dict(spec)
    others = options.pop("stores", ())
    store = open_store(options.pop("url"), **options)
    routes = {name: other for of, names in others for other in [reopen_store(of)] for name in names}
    return RoutedStore(store, routes) if routes else store
