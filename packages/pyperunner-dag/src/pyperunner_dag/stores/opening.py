"""Output stores by URL, found through the entry points ``pyperunner.stores``."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import StoreNotInstalledError, StorePluginError, UnknownStoreError
from pyperunner_dag.ports import OutputStore
from pyperunner_text.urls import scheme_of

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["open_store", "reopen_store"]

GROUP = "pyperunner.stores"


@lru_cache(maxsize=8)
def _registered(path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Return the registered stores by scheme; reading them anew for each store would cost more than opening it.

    Args:
        path: ``sys.path``, on which the answer depends.
    """
    from importlib.metadata import entry_points

    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name.lower(), entry)
    return found


def _at_hand(scheme: str, path: tuple[str, ...]) -> Any:
    """Return what opens stores of ``scheme`` if that is plain to see and imports; ``None`` leaves it to the full look.

    Reads ``entry_points.txt`` where installers put it, the first on the path as ``importlib.metadata`` would, whose
    import alone costs more than all else that opening a store takes.

    Source: https://packaging.python.org/en/latest/specifications/entry-points/
    """
    for folder in path:
        try:
            installed = [name for name in os.listdir(folder or ".") if name.endswith(".dist-info")]
        except OSError:
            continue
        for name in installed:
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:
                    section = file.read().partition(f"[{GROUP}]")[2].partition("\n[")[0]
            except (OSError, ValueError):
                continue
            for line in section.splitlines():
                key, _, target = (part.strip() for part in line.partition("="))
                if key == scheme and target.count(":") == 1:
                    return _imported(*target.split(":"))
    return None


def _imported(module: str, name: str) -> Any:
    try:
        return functools.reduce(getattr, name.split("."), importlib.import_module(module))
    except Exception:  # the full look says what is wrong with it
        return None


@lru_cache(maxsize=32)
def _load(scheme: str, path: tuple[str, ...]) -> Any:
    """Return what opens stores of ``scheme``; ``path`` as for ``_registered``."""
    if found := _at_hand(scheme, path):
        return found
    known = _registered(path)
    if not known or (scheme == "file" and scheme not in known):
        raise StoreNotInstalledError
    if scheme not in known:
        raise UnknownStoreError(scheme, tuple(sorted(known)))
    entry = known[scheme]
    try:
        return entry.load()
    except Exception as error:
        package = entry.dist.name if entry.dist is not None else "an unknown distribution"
        problem = f"{type(error).__name__}: {error}"
        raise StorePluginError(scheme, entry.value, package, problem) from error


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
        store: OutputStore = _load(scheme_of(target), tuple(sys.path))(target, **options)
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
        spec: ``url``, and the keyword options of ``open_store``.

    Raises:
        StoreError: As ``open_store`` does.
    """
    options = dict(spec)
    return open_store(options.pop("url"), **options)
