"""History: the runs below a log path, from their summaries alone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pyperunner_results.errors import NotARun
from pyperunner_results.former_names import formerly
from pyperunner_results.process import host_name
from pyperunner_results.reading.record import read_summary, run_state
from pyperunner_results.run_files import STATES, STATUS
from pyperunner_results.shape import as_count, as_mapping, as_number, as_text, as_texts_by_name

if TYPE_CHECKING:
    from pyperunner_results.schema import Summary

__all__ = ["RunSummary", "runs"]


@formerly("_history")
@dataclass(frozen=True)
class RunSummary:
    """What a listing says of one run."""

    folder: str
    """Absolute path of the run folder."""
    name: str
    """Name of the folder."""
    state: str
    """``running``, ``success``, ``failure``, ``interrupted`` or ``broken``."""
    pipeline: str | None = None
    start: float | None = None
    """Seconds since the epoch."""
    length: float | None = None
    """Seconds from start to end; ``None`` if the run is not over or was cut short."""
    tasks: Mapping[str, int] = field(default_factory=dict)
    """Number of tasks by status."""
    total: int | None = None
    """Number of tasks in the pipeline."""
    commit: str | None = None
    """Git commit of the repository that holds the pipeline."""
    dirty: bool | None = None
    """Whether tracked files differed from the commit."""
    changed: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """Params that differ from the run of the same pipeline before: ``Task(tag).param`` → (before, now), as JSON text;
    ``None`` where there was no such param."""
    changed_unseen: bool = False
    """Whether only params beyond those that a summary keeps differ."""
    problem: str | None = None
    """What is wrong with a broken folder."""


@formerly("_history")
def runs(log_path: str | os.PathLike[str], pipeline: str | None = None) -> list[RunSummary]:
    """Return the runs below ``log_path``, the oldest first; broken folders come before all others.

    Reads one small file per run. A run that is going on, was interrupted or is damaged is listed with that state.

    Args:
        log_path: Folder of run folders.
        pipeline: Keep runs of this pipeline only.

    Raises:
        NotARun: There is no such folder.
    """
    root = os.fspath(log_path)
    host = host_name()
    try:
        with os.scandir(os.path.realpath(root)) as entries:
            folders = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
    except OSError as error:
        raise NotARun(root, error.strerror or str(error)) from None
    found = [_read(folder.path, folder.name, host) for folder in folders]
    found.sort(key=lambda item: (item[0].start or 0.0, item[0].name))
    listed = []
    before: dict[str | None, Summary] = {}
    for run, summary in found:
        previous = before.get(run.pipeline)
        if summary.get("params_digest") is not None:
            before[run.pipeline] = summary
        if pipeline is None or run.pipeline == pipeline:
            listed.append(_compared(run, summary, previous))
    return listed


def _read(path: str, name: str, host: str) -> tuple[RunSummary, Summary]:
    try:
        summary = read_summary(path)
    except NotARun as error:
        return RunSummary(path, name, "broken", problem=error.reason), {}
    state = run_state(summary, host)
    if state not in STATES:
        return RunSummary(path, name, "broken", problem=f"it has the unknown state {summary.get('state')!r}"), {}
    start, end = as_number(summary.get("start")), as_number(summary.get("end"))
    counts, git = as_mapping(summary.get("tasks")), as_mapping(summary.get("git"))
    run = RunSummary(
        folder=path,
        name=name,
        state=state,
        pipeline=as_text(summary.get("pipeline")),
        start=start,
        length=max(0.0, end - start) if start is not None and end is not None else None,
        tasks={status: number for status, number in counts.items() if STATUS.fullmatch(status) and as_count(number)},
        total=as_count(summary.get("total")),
        commit=as_text(git.get("commit")),
        dirty=git["dirty"] if isinstance(git.get("dirty"), bool) else None,
    )
    return run, summary


def _compared(run: RunSummary, now: Summary, before: Summary | None) -> RunSummary:
    if before is None or now.get("params_digest") in (None, before.get("params_digest")):
        return run
    old, new = as_texts_by_name(before.get("params")), as_texts_by_name(now.get("params"))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    changed = {name: (old.get(name), new.get(name)) for name in names}
    return replace(run, changed=changed, changed_unseen=not changed)
