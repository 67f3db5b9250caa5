"""Removal of records: which runs are to go, and how a run's folder goes."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyperunner_results.reading.history import RunSummary

__all__ = ["remove_run", "runs_to_remove"]


def runs_to_remove(
    found: Iterable[RunSummary], now: float, keep_last: int | None = None, older: float | None = None
) -> list[RunSummary]:
    """Return the runs that are over and are not kept.

    Args:
        found: The runs, the oldest first.
        now: Seconds since the epoch.
        keep_last: Of each pipeline, the last so many runs stay; ``None`` keeps none for being late.
        older: Runs that began less than so many seconds ago stay; ``None`` keeps none for being young.
    """
    later: Counter[str | None] = Counter()
    gone = []
    for run in reversed(list(found)):
        later[run.pipeline] += 1
        is_over = run.state not in ("running", "broken")  # what is broken may be no run at all
        is_late = keep_last is not None and later[run.pipeline] <= keep_last
        is_young = older is not None and (run.start is None or now - run.start < older)
        if is_over and not is_late and not is_young:
            gone.append(run)
    return gone[::-1]


def remove_run(folder: str | os.PathLike[str]) -> None:
    """Remove the folder of a run; no half of it is ever listed as a run. Outputs stay in their store.

    Raises:
        OSError: It cannot be removed.
    """
    path = Path(folder)
    aside = path.with_name(f".{path.name}.{os.getpid()}.removed")
    path.rename(aside)  # listings leave out what begins with a dot
    if aside.is_symlink():
        aside.unlink()
    else:
        shutil.rmtree(aside)
