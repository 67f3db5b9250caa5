"""Registry: backends and codecs by name, through entry points, loaded when they are first asked for."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from pyperunner_cache.backends.names import split_key
from pyperunner_cache.errors import BadURLError, UnknownBackendError, UnknownCodecError, UnknownFormatError
from pyperunner_text.plugins import Plugin, UnknownPlugin, find_plugin
from pyperunner_text.signatures import signature_of
from pyperunner_text.urls import scheme_of

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend, Codec, SupportsLocate

__all__ = ["Codecs", "check_format", "locate", "open_backend"]

_BUILT_IN = {
    ("pyperunner.backends", "file"): "pyperunner_cache.backends.file:FileBackend",
    ("pyperunner.backends", "memory"): "pyperunner_cache.backends.memory:MemoryBackend",
    ("pyperunner.backends", "sqlite"): "pyperunner_cache.backends.sqlite:SqliteBackend",
    ("pyperunner.backends", "tiered"): "pyperunner_cache.tiered.backend:TieredBackend",
    ("pyperunner.codecs", "gzip"): "pyperunner_cache.codecs.gzip:GzipCodec",
    ("pyperunner.codecs", "raw"): "pyperunner_cache.codecs.raw:RawCodec",
}
"""The same as this package's entry points: reading what all that is installed announces takes milliseconds, and a
frozen application has none of it."""
_BROUGHT_BY = {
    **dict.fromkeys(("s3", "gs", "gcs", "abfs", "http", "https"), "pyperunner-cache-fsspec"),
    **dict.fromkeys(("redis", "rediss"), "pyperunner-cache-redis"),
}


class Codecs:
    """The codecs of a store, each made when it is first needed.

    Args:
        default: The name of the codec for new entries.
        by_name: Other codecs for some names, such as ``{"Train()": "raw"}``.
        options: For the codecs, such as ``level``.

    Raises:
        UnknownCodecError: One of them is not installed.
    """

    def __init__(self, default: str, by_name: Mapping[str, str], options: Mapping[str, Any]) -> None:
        self._default, self._by_name, self._options = default, by_name, options
        self._made: dict[str, Codec] = {}
        for name in {default, *by_name.values()}:
            self.named(name)

    @property
    def default(self) -> Codec:
        """The codec for entries whose name has no other."""
        return self.named(self._default)

    def for_name(self, name: str) -> Codec:
        """Return the codec for new entries whose key begins with ``name/``."""
        return self.named(self._by_name.get(name) or self._default)

    def chosen(self, name: str, codec: str | None, form: str | None) -> Codec:
        """Return the codec for a new entry of that name.

        Args:
            name: What stands before the slash in its key.
            codec: The codec that was asked for, if any.
            form: In which the value is to be; what is written in one is compressed already.

        Raises:
            UnknownCodecError: There is no such codec.
            UnknownFormatError: There is no such format, or nothing that writes it.
        """
        if form is not None:
            check_format(form)
            return self.named(codec or "raw")
        return self.named(codec) if codec else self.for_name(name)

    def known(self, name: str) -> Codec:
        """Return the codec of that name if it is built in or the program has named it: an entry alone imports nothing.

        Raises:
            UnknownCodecError: It is neither.
        """
        if name not in self._made and ("pyperunner.codecs", name) not in _BUILT_IN:
            raise UnknownCodecError(name, tuple(self._made), "with trust='safe' name it in codecs={…}")
        return self.named(name)

    def named(self, name: str) -> Codec:
        """Return the codec of that name.

        Raises:
            UnknownCodecError: None is installed.
        """
        codec = self._made.get(name)
        if codec is None:
            codec = self._made[name] = _codec_class(name).from_options(self._options)
        return codec


def check_format(form: str) -> None:
    """Return if values can be saved in a format.

    Raises:
        UnknownFormatError: There is no such format, or nothing that writes it.
    """
    if form != "parquet":
        raise UnknownFormatError(form, ("parquet",))
    if find_spec("pyarrow") is None and find_spec("polars") is None:
        raise UnknownFormatError(form, (), "it needs pyarrow or polars (pip install pyarrow)")


def locate(backend: SupportsLocate, codecs: Codecs, key: str, filename: str | None = None) -> str:
    """Return the absolute path of the entry's file, or of ``filename`` in the entry's folder. Creates nothing."""
    if filename is not None:
        return backend.locate(key, filename)
    return backend.located(key) or backend.locate(key, codecs.for_name(split_key(key)[0]).filename)


def open_backend(url: str | os.PathLike[str], options: Mapping[str, Any]) -> Backend:
    """Open the backend for the scheme of ``url``; nothing is made and nothing contacted.

    Raises:
        BadURLError: ``url`` names no store.
        UnknownBackendError: No backend for its scheme is installed; lists the known ones.
        TypeError: An option that the backend does not know.
    """
    text = _as_text(url)
    cls = _backend_class("file" if isinstance(url, os.PathLike) else scheme_of(text))
    own, is_open, constructor = _options_of(cls)
    passed_on = {name: value for name, value in options.items() if name not in own}
    try:
        if passed_on and not is_open:
            raise TypeError(f"got an unexpected keyword argument {next(iter(passed_on))!r}")
        constructor.bind_partial(None, **passed_on)
    except TypeError as error:
        raise TypeError(f"open_store({text!r}): {error}") from None
    return cls.from_url(text, **options)


def _as_text(url: Any) -> str:
    try:
        text: str | bytes = os.fspath(url)
    except TypeError:
        raise BadURLError(repr(url), f"it is a {type(url).__name__}, not a path or URL") from None
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if not text or "\0" in text:
        raise BadURLError(text, "it is empty" if not text else "it holds a NUL character")
    return text


@lru_cache(maxsize=64)
def _options_of(cls: Any) -> tuple[frozenset[str], bool, inspect.Signature]:
    """Return which options ``from_url`` names, whether it passes others on to the constructor, and its signature.

    Kept, because every child process of a runner opens its store and inspecting costs more than opening.
    """
    found = list(signature_of(cls.from_url).parameters.values())[1:]
    own = frozenset(each.name for each in found if each.kind is not inspect.Parameter.VAR_KEYWORD)
    return own, len(own) < len(found), signature_of(cls.__init__)


def _backend_class(scheme: str) -> type[Backend]:
    try:
        return cast("type[Backend]", _plugin("pyperunner.backends", scheme))
    except UnknownPlugin as error:
        hint = f"pip install {_BROUGHT_BY[scheme]}" if scheme in _BROUGHT_BY else ""
        raise UnknownBackendError(scheme, _with_built_in(error), hint) from None


def _codec_class(name: str) -> type[Codec]:
    try:
        return cast("type[Codec]", _plugin("pyperunner.codecs", name))
    except UnknownPlugin as error:
        raise UnknownCodecError(name, _with_built_in(error)) from None


def _plugin(group: str, name: str) -> Any:
    target = _BUILT_IN.get((group, name))
    return Plugin(group, name, target, "pyperunner-cache").load() if target else find_plugin(group, name)


def _with_built_in(error: UnknownPlugin) -> tuple[str, ...]:
    return tuple(sorted({*error.known, *(name for group, name in _BUILT_IN if group == error.group)}))
