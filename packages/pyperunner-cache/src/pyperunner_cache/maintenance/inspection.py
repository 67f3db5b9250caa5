"""Inspection: what is in a store, and what is wrong with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyperunner_cache.errors import DamagedEntryWarning, MissingEntryError
from pyperunner_cache.maintenance.file_values import entries_of, survey
from pyperunner_cache.maintenance.progress import Progress, watched
from pyperunner_cache.ports import SupportsSetAside

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend
    from pyperunner_cache.schema import Stat, Verified

__all__ = ["describe", "verify"]


def describe(backend: Backend) -> Stat:
    """Count entries, damaged entries and orphans; changes nothing."""
    count, size, orphans, orphan_bytes = survey(backend)
    aside, aside_bytes = backend.aside() if isinstance(backend, SupportsSetAside) else (0, 0)
    return {
        "entries": count,
        "bytes": size,
        "aside": aside,
        "aside_bytes": aside_bytes,
        "orphans": orphans,
        "orphan_bytes": orphan_bytes,
    }


def verify(
    backend: Backend, check: Callable[[str], None], name: str | None, progress: Progress | None = None
) -> Verified:
    """Run ``check`` on every entry, or on those of ``name``; it raises `MissingEntryError` for an unusable one."""
    checked, damaged = 0, {}
    for info in watched(entries_of(backend, name), progress):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DamagedEntryWarning)
                check(info.key)
        except MissingEntryError as error:
            if error.absent:
                continue
            damaged[info.key] = error.reason
        checked += 1
    return {"checked": checked, "damaged": damaged}
