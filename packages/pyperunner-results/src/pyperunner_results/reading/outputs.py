"""Outputs of a run: the store behind them, opened when the first one is asked for."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pyperunner_results.credentials import strip_credentials
from pyperunner_results.errors import StoreUnavailable
from pyperunner_text.plugins import BrokenPlugin, UnknownPlugin, find_store
from pyperunner_text.urls import scheme_of

if TYPE_CHECKING:
    from pyperunner_results.ports import OutputReader

__all__ = ["Outputs"]

_UNKNOWN = 1 << 62


class Outputs:
    """An output store that opens itself on first use, and again in a process that was forked since.

    Args:
        place: Path or URL of the store, or something that satisfies ``OutputReader``.
        storage_options: With which the store at a URL is opened.
        trust: ``"pickle"`` loads everything; ``"safe"`` loads plain data only, and never executes a pickle.
    """

    def __init__(
        self,
        place: str | os.PathLike[str] | OutputReader,
        storage_options: Mapping[str, Any] | None = None,
        trust: str = "pickle",
    ) -> None:
        self.trust = trust
        # What is not asked for need not be known by a store of one's own.
        self._options: dict[str, Any] = {"storage_options": dict(storage_options)} if storage_options else {}
        self._options |= {} if trust == "pickle" else {"trust": trust}
        self._given = None if isinstance(place, (str, os.PathLike)) else place
        self._place = os.fspath(place) if isinstance(place, (str, os.PathLike)) else ""
        self._opened: OutputReader | None = None
        self._opened_in = -1

    @property
    def name(self) -> str:
        """The path, the URL without credentials, or the type of the object that was given."""
        return strip_credentials(self._place) if self._given is None else type(self._given).__name__

    @property
    def is_given(self) -> bool:
        """Whether it was given as an object, which has all outputs."""
        return self._given is not None

    def is_same_place(self, other: Outputs) -> bool:
        """Say whether ``other`` reads from the same path, URL or object."""
        mine, theirs = ((each._given, each._place, each._options) for each in (self, other))
        return mine[0] is theirs[0] and mine[1:] == theirs[1:]

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that have no entry."""
        return self._reader().missing(keys)

    def load(self, key: str) -> Any:
        """Return the output of ``key``; ``KeyError`` if there is none."""
        with warnings.catch_warnings():
            if self.trust != "pickle":
                warnings.simplefilter("ignore")  # that an entry is refused: the error says it
            return self._reader().load(key)

    def size(self, key: str) -> int:
        """Return the bytes that the entry of ``key`` takes; where the store does not say, very many."""
        meta = getattr(self._reader(), "meta", None)
        try:
            return int(meta(key)["size"]) if callable(meta) else _UNKNOWN
        except (KeyError, TypeError, ValueError):
            return _UNKNOWN

    def _reader(self) -> OutputReader:
        if self._given is not None:
            return self._given
        if self._opened is None or self._opened_in != os.getpid():
            self._opened, self._opened_in = _open(self._place, self.name, self._options), os.getpid()
        return self._opened


def _open(place: str, name: str, options: Mapping[str, Any]) -> OutputReader:
    if not place:
        raise StoreUnavailable(name, "the record names no store. Call set_data_path(…) with its path or URL.")
    scheme = scheme_of(place)
    if scheme == "file" and not place.lower().startswith("file:") and not Path(place).is_dir():
        raise StoreUnavailable(name, "there is no such folder. If the store was moved, call set_data_path(…).")
    try:
        return cast("OutputReader", find_store(scheme)(place, **options))
    except UnknownPlugin as error:
        if not error.known:
            problem = "no store is installed. Install one with: pip install pyperunner-cache"
        else:
            problem = f"the scheme {scheme!r} is unknown. Known are: {', '.join(error.known)}."
        raise StoreUnavailable(name, problem) from None
    except BrokenPlugin as error:
        raise StoreUnavailable(name, error.problem) from error
    except Exception as error:
        raise StoreUnavailable(name, f"{type(error).__name__}: {error}") from error
