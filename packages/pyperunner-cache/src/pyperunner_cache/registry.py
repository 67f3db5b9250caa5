"""Backends and codecs by name, through entry points, loaded when they are first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, cast

from pyperunner_cache.errors import UnknownBackendError, UnknownCodecError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend, Codec

__all__ = ["backend_class", "codec_class"]

_BUILT_IN = {
    ("pyperunner.backends", "file"): "pyperunner_cache.backends.file:FileBackend",
    ("pyperunner.backends", "memory"): "pyperunner_cache.backends.memory:MemoryBackend",
    ("pyperunner.backends", "sqlite"): "pyperunner_cache.backends.sqlite:SqliteBackend",
    ("pyperunner.codecs", "gzip"): "pyperunner_cache.codecs.gzip:GzipCodec",
    ("pyperunner.codecs", "raw"): "pyperunner_cache.codecs.raw:RawCodec",
}
"""The same as this package's entry points: reading the metadata of all that is installed takes milliseconds."""
_HINTS = {"s3": "fsspec", "gs": "fsspec", "gcs": "fsspec", "abfs": "fsspec", "http": "fsspec", "https": "fsspec"}
_loaded: dict[tuple[str, str], Any] = {}


def backend_class(scheme: str) -> type[Backend]:
    """Return the backend for a URL scheme.

    Raises:
        UnknownBackendError: None is installed.
    """
    found, known = _load("pyperunner.backends", scheme)
    if found is None:
        hint = "pip install pyperunner-cache-fsspec" if scheme in _HINTS else ""
        raise UnknownBackendError(scheme, known, hint)
    return cast("type[Backend]", found)


def codec_class(name: str) -> type[Codec]:
    """Return the codec of that name.

    Raises:
        UnknownCodecError: None is installed.
    """
    found, known = _load("pyperunner.codecs", name)
    if found is None:
        raise UnknownCodecError(name, known)
    return cast("type[Codec]", found)


def _load(group: str, name: str) -> tuple[Any, list[str]]:
    if (group, name) in _loaded:
        return _loaded[group, name], []
    if (group, name) in _BUILT_IN:
        module, _, attribute = _BUILT_IN[group, name].partition(":")
        found = getattr(importlib.import_module(module), attribute)
    else:
        from importlib.metadata import entry_points

        plugins = {plugin.name: plugin for plugin in entry_points(group=group)}
        if name not in plugins:
            return None, sorted({*plugins, *(known for kind, known in _BUILT_IN if kind == group)})
        found = plugins[name].load()
    _loaded[group, name] = found
    return found, []
