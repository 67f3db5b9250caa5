"""Reading an entry under guard: whatever is wrong with it becomes a warning, a place in quarantine and a miss."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import NoReturn

from pyperunner_cache.capabilities import supports
from pyperunner_cache.errors import (
    DamagedEntryError,
    DamagedEntryWarning,
    EntryTooLargeError,
    ForeignEntryError,
    MissingEntryError,
    StoreError,
)
from pyperunner_cache.ports import Backend, Blob, SupportsSetAside

__all__ = ["Checked"]


class Checked:
    """Opens an entry, and turns whatever is wrong with it into a warning, a place in quarantine and a miss."""

    def __init__(self, backend: Backend, key: str) -> None:
        self._backend, self._key = backend, key
        self._blob: Blob | None = None

    def __enter__(self) -> Blob:
        try:
            self._blob = self._backend.get(self._key)
        except KeyError:
            raise MissingEntryError(self._key, str(self._backend)) from None
        except DamagedEntryError as error:
            self._turn_into_miss(None, error)
        return self._blob

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._blob is None:
            return
        try:
            if isinstance(error, (DamagedEntryError, ForeignEntryError, EntryTooLargeError)):
                self._turn_into_miss(self._blob, error)
        finally:
            self._blob.close()

    def _turn_into_miss(
        self, blob: Blob | None, error: DamagedEntryError | ForeignEntryError | EntryTooLargeError
    ) -> NoReturn:
        place = None
        if blob is not None and isinstance(error, DamagedEntryError) and supports(self._backend, SupportsSetAside):
            try:
                place = self._backend.set_aside(self._key, blob)
            except (OSError, StoreError):
                pass  # a store that may only be read: the warning says what is wrong all the same
        aside = f"; it was set aside as {place}" if place else ""
        warnings.warn(
            f"the entry {self._key!r} in {self._backend} counts as absent: {error.reason}{aside}",
            DamagedEntryWarning,
            stacklevel=5,
        )
        raise MissingEntryError(self._key, str(self._backend), error.reason) from error
