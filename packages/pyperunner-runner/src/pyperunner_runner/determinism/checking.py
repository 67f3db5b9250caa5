"""Check: tasks run again in a clean place, as they are and elsewhere, and what comes out otherwise is explained."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_dag import DAG, Options, OutputStore, Secret, Task, open_store
from pyperunner_runner.determinism.findings import (
    Finding,
    TaskCheck,
    depends_on,
    differs_each_time,
    differs_from_stored,
    reads_undeclared,
)
from pyperunner_runner.determinism.rounds import Rounds, Seen
from pyperunner_runner.determinism.surroundings import EVERYTHING, changed_surroundings
from pyperunner_runner.executors.registry import find_executor
from pyperunner_runner.planning.planner import PlannedRun, Planner, left_alone, runnable_dag
from pyperunner_runner.planning.selection import Selection
from pyperunner_runner.planning.settings import RunSettings
from pyperunner_runner.processes.cores import usable_cores

if TYPE_CHECKING:
    from pyperunner_dag import Pipeline
    from pyperunner_runner.planning.selection import Patterns

__all__ = ["check_determinism"]

_ELSEWHERE = "spawn"
"""Hashes of texts and the time zone are those with which an interpreter has started."""


def check_determinism(
    pipeline: Pipeline,
    data_path: str | os.PathLike[str] | OutputStore,
    tasks: Patterns = None,
    *,
    process_limit: int | None = None,
    resources: Mapping[str, float] | None = None,
    code: Options | None = None,
) -> dict[str, TaskCheck]:
    """Run tasks a second time and say what they depend on besides what their keys know.

    Each task gets its stored inputs, twice: once as in any run, and once in a fresh interpreter in another folder,
    without the user's environment variables and with other hashes of texts. Outputs go into a temporary folder and are
    compared with what is stored; nothing in the store changes. Whatever else tasks do, they do again. What differs is
    run a few times more, to find out why. Meanwhile this process's environment and current folder are others.

    Args:
        pipeline: The pipeline; its tasks are left as they are.
        data_path: Where the outputs of its last run are.
        tasks: Names, tags or globs of the tasks to check; all by default.
        process_limit: How many tasks run at once.
        resources: How much there is of what tasks ask for.
        code: What counts of the code of tasks that do not say it.

    Returns:
        What was found, by task, elements of mapped tasks among them.

    Raises:
        UnknownSelection: There is no such task.
    """
    store = open_store(data_path)
    dag = runnable_dag(pipeline)
    settings = RunSettings(
        new_executor=find_executor("process"),
        process_limit=process_limit or usable_cores(),
        resources=dict(resources or {}),
        code=code,
        preload=False,
    )
    with left_alone(dag), _quiet(), tempfile.TemporaryDirectory(prefix="pyperunner-check-") as folder:
        planned = Planner(store, code).plan(pipeline, dag, selection=Selection.of(tasks, None, None) if tasks else None)
        names, lacking = _comparable(planned)
        rounds = Rounds(pipeline, store, settings, Path(folder), _levels(planned))
        check = _Check(rounds, Path(folder) / "elsewhere", _declared_variables(dag))
        return lacking | check.run(names)


class _Check:
    def __init__(self, rounds: Rounds, elsewhere: Path, keep: Collection[str]) -> None:
        self._rounds, self._elsewhere, self._keep = rounds, elsewhere, keep
        self._usual: dict[str, str] = {}

    def run(self, names: Collection[str]) -> dict[str, TaskCheck]:
        again = self._rounds.run(names)
        findings: dict[str, list[Finding]] = {name: [] for name in names if name in again}  # as the graph has them
        unlike = {name: seen for name, seen in again.items() if not seen.is_alike}
        for name, finding in self._told_apart(unlike):
            findings[name].append(finding)
        for name, seen in again.items():
            if seen.undeclared:
                findings[name].append(reads_undeclared(seen.undeclared))
        steady = [name for name in again if all(each.kind in ("files", "before") for each in findings[name])]
        self._usual = {name: seen.digest for name, seen in again.items()}
        unlike = self._unlike(steady, EVERYTHING)
        for name, finding in self._explained(unlike):
            if finding.kind != "folder" or not again[name].undeclared:  # else that says it already
                findings[name].append(finding)
        return {name: TaskCheck(name, "depends" if each else "same", tuple(each)) for name, each in findings.items()}

    def _told_apart(self, unlike: Mapping[str, Seen]) -> Iterator[tuple[str, Finding]]:
        """Yield why tasks did otherwise although nothing was changed: texts hash differently in each run."""
        failed = {name for name, seen in unlike.items() if seen.error}
        made = sorted(unlike.keys() - failed)
        one, same, other = (self._changed(made, [what]) for what in ("order", "order", "another order"))
        for name, seen in unlike.items():
            digests = [each[name].digest if name in each else "" for each in (one, same, other)]
            if "" not in digests and digests[0] == digests[1] != digests[2]:
                yield name, depends_on("order", seen.what, seen.differences)
            elif "" not in digests and len(set(digests)) == 1:
                yield name, differs_from_stored(seen.differences)
            else:
                yield name, differs_each_time(seen.what, seen.differences, seen.sources)

    def _explained(self, unlike: Mapping[str, Seen]) -> Iterator[tuple[str, Finding]]:
        """Yield which change alone does it, for each task that does otherwise when all is changed."""
        unexplained = dict(unlike)
        for what in EVERYTHING:
            for name, seen in self._unlike(unlike, [what]).items():
                unexplained.pop(name, None)
                named = _mentioned(seen.sources, self._keep) if what == "environment" else []
                yield name, depends_on(what, seen.what, [*named, *seen.differences])
        for name, seen in unexplained.items():
            yield name, depends_on("surroundings", seen.what, seen.differences)

    def _unlike(self, names: Collection[str], what: Collection[str]) -> dict[str, Seen]:
        """Return those that make neither what is stored nor what they usually make."""
        found = self._changed(names, what)
        return {name: seen for name, seen in found.items() if not seen.is_alike and seen.digest != self._usual[name]}

    def _changed(self, names: Collection[str], what: Collection[str]) -> dict[str, Seen]:
        if not names:
            return {}
        with changed_surroundings(what, self._elsewhere, self._keep):
            return self._rounds.run(names, _ELSEWHERE)


def _comparable(planned: PlannedRun) -> tuple[list[str], dict[str, TaskCheck]]:
    """Return the tasks whose output and inputs are stored, and what to say of the others."""
    chosen = [name for name, decision in planned.decisions.items() if decision.reason != "not selected"]
    tasks = [planned.dag[name] for name in chosen if planned.dag[name].mapping is None]
    absent = planned.store.missing({key for task in tasks for each in (task, *task.upstream) for key in _keys(each)})
    names, lacking = [], {}
    for task in tasks:
        lost = [each for each in (task, *task.upstream) if not absent.isdisjoint(_keys(each)) or not each.options.cache]
        if lost:
            lacking[task.name] = TaskCheck(task.name, "not stored", (_not_stored(lost[0], lost[0] is task),))
        else:
            names.append(task.name)
    return names, lacking


def _not_stored(task: Task, itself: bool) -> Finding:
    who = "it" if itself else task.name
    if not task.options.cache:
        return Finding("not stored", f"{who} keeps no output (cache=False)", "check it with cache=True")
    return Finding("not stored", f"{who} has no stored output of today", "run the pipeline first")


def _levels(planned: PlannedRun) -> dict[str, int]:
    """Return for each task how many mapped tasks, one after the other, come before it or hold it."""
    levels: dict[str, int] = {}
    for name in planned.decisions:
        task = planned.dag[name]
        above = max((levels.get(each.name, 0) for each in task.upstream), default=0)
        whole = levels.get(name.rpartition("[")[0], 0)
        levels[name] = max(above + (task.mapping is not None), whole)
    return levels


def _keys(task: Task) -> Iterable[str]:
    return () if getattr(task, "mapping", None) is not None else task.entry_keys


def _mentioned(sources: Iterable[str], but: Collection[str]) -> list[str]:
    """Return the environment variables of this process that code names."""
    words = set(re.findall(r"\w+", "\n".join(sources)))
    return [f"it mentions {name}" for name in sorted(words & os.environ.keys() - set(but))]


def _declared_variables(dag: DAG[Task]) -> set[str]:
    """Return the environment variables that tasks say they take."""
    params = (param for task in dag for param in task.params.values())
    secrets = {param.env for param in params if isinstance(param, Secret) and param.env is not None}
    return secrets | {name for task in dag for name in task.options.env}


@contextmanager
def _quiet() -> Iterator[None]:
    """Let no failure of a second run be told on standard error, where nobody has asked for the log."""
    handler = logging.NullHandler()
    logging.getLogger("pyperunner").addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger("pyperunner").removeHandler(handler)
