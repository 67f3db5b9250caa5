"""Rounds: tasks run again on their stored inputs, each by itself, with their outputs put aside and compared."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_dag import OutputStore, open_store
from pyperunner_results import PipelineResult
from pyperunner_results.comparing.values import where_differ
from pyperunner_runner.execution.recorder import RunRecorder
from pyperunner_runner.execution.run import Run
from pyperunner_runner.execution.scheduler_factory import new_scheduler
from pyperunner_runner.execution.signals import Signals
from pyperunner_runner.planning.checks import check
from pyperunner_runner.planning.planner import Planner, runnable_dag
from pyperunner_runner.planning.selection import Selection

if TYPE_CHECKING:
    from pyperunner_dag import Pipeline
    from pyperunner_results import TaskResult
    from pyperunner_runner.planning.settings import RunSettings

__all__ = ["Rounds", "Seen"]

_MADE = "SUCCESS"


@dataclass
class Seen:
    """What a task did when it was run again.

    Attributes:
        error: What it raised, empty where it returned.
        differences: Where its output is not what is stored, empty where it is.
        undeclared: Files that it read without declaring them.
        sources: The text of its code.
        digest: Of its output as it was stored; two that are alike may differ in it.
    """

    error: str = ""
    differences: list[str] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    digest: str = ""

    @property
    def is_alike(self) -> bool:
        """Whether it returned what is stored."""
        return not self.error and not self.differences

    @property
    def what(self) -> str:
        """What it did instead, as a part of a sentence."""
        return f"it fails: {self.error}" if self.error else "its output differs"


class Rounds:
    """Runs tasks of a pipeline again.

    Args:
        pipeline: The pipeline.
        store: Holds the outputs of its tasks; nothing in it changes.
        settings: As for any run.
        folder: A temporary folder for records and outputs.
        levels: How many mapped tasks, one after the other, come before each task. Which elements such a task has is
            known only while what it is mapped over does not run, so each level runs by itself.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        store: OutputStore,
        settings: RunSettings,
        folder: Path,
        levels: Mapping[str, int],
    ) -> None:
        self._pipeline, self._store, self._settings, self._folder = pipeline, store, settings, folder
        self._levels = levels
        self._count = 0

    def run(self, names: Collection[str], start_method: str = "") -> dict[str, Seen]:
        """Run tasks again; those that could not run because another one failed, by themselves.

        Args:
            names: The tasks.
            start_method: How processes are made, if not as in any run.
        """
        found: dict[str, Seen] = {}
        for level in sorted({self._levels[name] for name in names}):
            left = [name for name in names if self._levels[name] == level]
            while left:
                seen = self._run_once(left, start_method)
                found |= seen
                left = [name for name in left if name not in seen] if seen else []
        return found

    def _run_once(self, names: Collection[str], start_method: str) -> dict[str, Seen]:
        self._count += 1
        place = self._folder / f"round{self._count}"
        settings = replace(
            self._settings, aside=str(place / "outputs"), start_method=start_method or self._settings.start_method
        )
        dag = runnable_dag(self._pipeline)
        known = {task.name for task in dag}  # elements are selected by the task that has them
        patterns = dict.fromkeys(name if name in known else name.rpartition("[")[0] for name in names)
        selection = Selection.of(list(patterns), None, None)
        planned = Planner(self._store, settings.code).plan(self._pipeline, dag, force=True, selection=selection)
        check(planned, settings)
        scheduler = new_scheduler(planned, settings, dict)
        run = Run(planned, settings, scheduler, lambda: RunRecorder(str(place), self._pipeline.name, installed=False))
        try:
            run.recorder.write_pipeline(self._pipeline.to_dict(settings.code, lazily=True), settings.aside, None)
            with Signals() as signals:
                run.drive(signals)
            signals.raise_again()
        finally:
            run.close()
        conf: Any = run.recorder.conf
        fresh = PipelineResult(conf, open_store(settings.aside), run_folder=run.recorder.folder.path)
        stored = PipelineResult(conf, planned.store, run_folder=run.recorder.folder.path)
        return {name: self._seen(planned.store, fresh, stored, name) for name in _executed(fresh) if name in names}

    @staticmethod
    def _seen(store: OutputStore, fresh: PipelineResult, stored: PipelineResult, name: str) -> Seen:
        again, before = fresh.task(name), stored.task(name)
        seen = Seen(undeclared=list(again.undeclared), sources=_sources(fresh, again), digest=again.output_digest or "")
        if again.status != _MADE:
            seen.error = (again.error or "it was ended").splitlines()[0]
        elif not _has_digest(store, before, again.output_digest):
            seen.differences = _differences(before, again)
        return seen


def _executed(results: PipelineResult) -> Iterator[str]:
    record = results.record
    for name in record.tasks if record else ():
        task = results.task(name)
        if task.executed and task.status in (_MADE, "FAILURE"):
            yield name


def _has_digest(store: OutputStore, before: TaskResult, digest: str | None) -> bool:
    try:
        return digest is not None and not before.outputs and store.meta(before.key).get("digest") == digest
    except KeyError:
        return False


def _differences(before: TaskResult, again: TaskResult) -> list[str]:
    from pyperunner_keys import digest

    one, other = before.output, again.output
    try:
        if digest(one) == digest(other):
            return []
        known = True
    except Exception:  # a value without a canonical form, or an object of the user's that raises
        known = False
    return where_differ(one, other) or (["the order or the types in it"] if known else [])


def _sources(results: PipelineResult, task: TaskResult) -> list[str]:
    code = task.parts.get("code")
    parts = code.get("parts") if isinstance(code, Mapping) else None
    known = results.record.sources if results.record else {}
    return [known[digest] for digest in (parts or {}).values() if digest in known]
