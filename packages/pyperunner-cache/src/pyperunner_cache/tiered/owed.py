"""Owed entries: what the near store has and the far one has not taken yet, so that nothing removes it before."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyperunner_cache.backends.names import key_digest
from pyperunner_cache.errors import StorageError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend

__all__ = ["Owed", "is_marker"]

_NAME = ".owed"
_FILENAME = "result.dump.owed"
_DOWN = f"{_NAME}/the far store did not answer"
_REST_SECONDS = 30.0


class Owed:
    """Which entries are owed, as small entries of the near store itself, for all processes that use it.

    Args:
        near: The near store's backend.
    """

    def __init__(self, near: Backend) -> None:
        self._near = near

    def note(self, key: str) -> None:
        """Note that the far store has not got an entry."""
        self._near.put(_marker(key), [key.encode("utf-8", "surrogatepass")], _FILENAME)

    def forget(self, key: str) -> None:
        """Note that it has, or that the entry is gone."""
        if not self._near.missing([_marker(key)]):
            self._near.delete(_marker(key))

    def among(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that are owed."""
        markers = {_marker(key): key for key in keys}
        absent = self._near.missing(markers) if markers else set()
        return {key for marker, key in markers.items() if marker not in absent}

    def everything(self) -> set[str]:
        """Return the keys of all that is owed."""
        return {_text(self._near, info.key) for info in self._near.scan(_NAME) if info.key != _DOWN} - {""}

    def markers(self) -> set[str]:
        """Return the keys of the entries that say so."""
        return {info.key for info in self._near.scan(_NAME)}

    def note_down(self) -> bool:
        """Note that the far store does not answer; say whether that is news."""
        news = not self.is_down()
        with contextlib.suppress(StorageError):
            self._near.put(_DOWN, [b""], _FILENAME)
        return news

    def is_down(self) -> bool:
        """Say whether somebody has found so in the last moments, so that not each process waits for it."""
        try:
            blob = self._near.get(_DOWN)
        except (KeyError, StorageError):
            return False
        blob.close()
        return abs(time.time() - blob.modified) < _REST_SECONDS

    def note_up(self) -> None:
        """Note that it answers again."""
        if not self._near.missing([_DOWN]):
            self._near.delete(_DOWN)


def is_marker(key: str) -> bool:
    """Say whether a key is that of an entry which says what is owed."""
    return key.startswith(f"{_NAME}/")


def _marker(key: str) -> str:
    return f"{_NAME}/{key_digest(key)}"


def _text(near: Backend, marker: str) -> str:
    with contextlib.suppress(KeyError), contextlib.closing(near.get(marker)) as blob:
        return bytes(blob.read(0, blob.size)).decode("utf-8", "surrogatepass")
    return ""
