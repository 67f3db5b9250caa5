"""Inspection: what is in a store, and what is wrong with it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyperunner_cache.errors import DamagedEntryWarning, MissingEntryError
from pyperunner_cache.maintenance.file_values import entries_of
from pyperunner_cache.ports import SupportsSetAside, SupportsSweep

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend
    from pyperunner_cache.schema import Stat, Verified

__all__ = ["describe", "verify"]


def describe(backend: Backend) -> Stat:
    """Count entries, damaged entries and orphans; changes nothing."""
    count = size = 0
    for info in entries_of(backend):
        count, size = count + 1, size + info.size
    aside = backend.aside() if isinstance(backend, SupportsSetAside) else (0, 0)
    orphans = backend.sweep(dry_run=True) if isinstance(backend, SupportsSweep) else (0, 0)
    return {
        "entries": count,
        "bytes": size,
        "aside": aside[0],
        "aside_bytes": aside[1],
        "orphans": orphans[0],
        "orphan_bytes": orphans[1],
    }


def verify(backend: Backend, check: Callable[[str], None], name: str | None) -> Verified:
    """Run ``check`` on every entry, or on those of ``name``; it raises `MissingEntryError` for an unusable one."""
    checked, damaged = 0, {}
    for info in list(entries_of(backend, name)):
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
