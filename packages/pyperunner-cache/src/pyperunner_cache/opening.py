"""Opening a store by path or URL."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pyperunner_cache.cache import Cache
from pyperunner_cache.entry.signing import warn_of_others
from pyperunner_cache.errors import BadURLError
from pyperunner_cache.registry import backend_class

__all__ = ["open_store"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+):")


def open_store(
    url: str | os.PathLike[str],
    *,
    codec: str = "gzip",
    codecs: Mapping[str, str] | None = None,
    trust: str = "pickle",
    signing_key: str | None = None,
    max_load: str | int | None = None,
    max_size: str | int | None = None,
    level: int | None = None,
    **options: Any,
) -> Cache:
    """Open a store; nothing is made before the first save.

    Args:
        url: A path, ``file:…``, ``sqlite:///path/to/file.db``, ``memory://``, or a URL of an installed backend.
        codec: ``"gzip"`` (compressed), ``"raw"`` (mapped into memory) or an installed codec's name.
        codecs: Other codecs for some names, such as ``{"Train()": "raw"}``.
        trust: ``"pickle"`` keeps everything; ``"safe"`` keeps and loads plain data only and never executes a pickle.
        signing_key: ``"env:NAME"`` or ``"file:/path"`` of a secret; entries are signed, unsigned ones are misses.
        max_load: Bytes (or text such as ``"8GB"``) that one value may take; the machine's memory if not given.
        max_size: Bytes (or text such as ``"20GB"``) above which a save evicts the least recently used entries.
        level: Compression level of ``gzip``, from 1 (fast, the default) to 9 (small).
        options: The backend's own, such as ``shared=True`` and ``durable=True`` of files and SQLite.

    Raises:
        BadURLError: ``url`` names no store.
        UnknownBackendError: No backend for its scheme is installed; lists the known ones.
        TypeError: An option that the backend does not know.
    """
    text = _as_text(url)
    found = None if isinstance(url, os.PathLike) else _SCHEME.match(text)
    cls: Any = backend_class(found[1].lower() if found else "file")
    signature, placeholders = _constructor(cls)
    try:
        signature.bind(*placeholders, **options)
    except TypeError as error:
        raise TypeError(f"open_store({text!r}): {error}") from None
    backend = cls.from_url(text, **options)
    root = getattr(backend, "root", None)
    if isinstance(root, str) and trust == "pickle" and signing_key is None and not options.get("shared"):
        warn_of_others(root)
    return Cache(
        backend,
        codec,
        codecs=codecs,
        trust=trust,
        signing_key=signing_key,
        max_load=max_load,
        max_size=max_size,
        level=level,
    )


open_store.__module__ = "pyperunner_cache._open"  # as in pickles made by 0.2.0


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
def _constructor(cls: Any) -> tuple[inspect.Signature, tuple[None, ...]]:
    """Return the constructor's signature, and what stands in it for the backend and, if it takes one, its place.

    Kept, because every child process of a runner opens its store and inspecting costs more than opening.
    """
    signature = inspect.signature(cls.__init__)
    names = list(signature.parameters.values())[1:]
    takes_place = bool(names) and names[0].kind is not inspect.Parameter.KEYWORD_ONLY
    return signature, (None, None) if takes_place else (None,)
