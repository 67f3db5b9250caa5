"""Record of a run: what it wrote about itself, whole or cut short."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pyperunner_results.errors import NotARun
from pyperunner_results.process import process_is_alive
from pyperunner_results.run_files import EVENTS_FILE, SCHEMA, SUMMARY_FILE
from pyperunner_results.schema import NO_FACTS

if TYPE_CHECKING:
    from pyperunner_results.schema import Facts, Json, Summary

__all__ = ["RunRecord", "TaskRecord", "read_events", "read_record", "read_summary", "run_state", "size_of_record"]


_NOT_FACTS = frozenset({"kind", "time", "task", "attempt"})


@dataclass
class TaskRecord:
    """What the events say of one task. The facts of an attempt are described in ``docs/run-folder.md``."""

    status: str = "NOT_STARTED"
    attempts: list[dict[str, Json]] = field(default_factory=list)
    """Facts of each attempt that was started, the first one first."""
    decided: dict[str, Json] = field(default_factory=dict)
    """Facts of the task's end when nothing was started for it."""

    @property
    def facts(self) -> Facts:
        """Facts of the last attempt, and where it has none of a name, of the decision not to start one."""
        return cast("Facts", {**NO_FACTS, **self.decided, **(self.attempts[-1] if self.attempts else {})})

    def _facts_of(self, number: Json) -> dict[str, Json]:
        if isinstance(number, int) and number > 0:
            for facts in self.attempts:
                if facts["attempt"] == number:
                    return facts
            self.attempts.append({"attempt": number})
            return self.attempts[-1]
        return self.attempts[-1] if self.attempts and "end" not in self.attempts[-1] else self.decided

    def take(self, event: Mapping[str, Json]) -> None:
        """Take in an event of this task."""
        facts = self._facts_of(event.get("attempt"))
        facts.update((name, value) for name, value in event.items() if name not in _NOT_FACTS)
        if event["kind"] == "task_started":
            facts.setdefault("start", event.get("time"))
            self.status = "RUNNING"
            return
        if facts is not self.decided:
            facts.setdefault("end", event.get("time"))
        if event["kind"] == "task_finished":
            self.status = str(event.get("status"))


@dataclass
class RunRecord:
    """What summary and events say of a run."""

    summary: Summary
    state: str
    layout: dict[str, Any] | None
    tasks: dict[str, TaskRecord]
    sources: dict[str, str]
    """Text of the parts of the code by their digest, as far as it was recorded."""


def read_summary(folder: str) -> Summary:
    """Return the content of ``summary.json``.

    Raises:
        NotARun: There is none, it is damaged, or it is of a newer format.
    """
    try:
        with open(f"{folder}/{SUMMARY_FILE}", "rb") as file:
            summary = json.loads(file.read())
    except FileNotFoundError:
        raise NotARun(folder, f"it holds no {SUMMARY_FILE}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise NotARun(folder, f"its {SUMMARY_FILE} is damaged ({error})") from None
    if not isinstance(summary, dict) or not isinstance(summary.get("schema"), int):
        raise NotARun(folder, f"its {SUMMARY_FILE} does not say which format it has")
    if summary["schema"] > SCHEMA:
        raise NotARun(
            folder,
            f"it has format {summary['schema']} and this version reads formats up to {SCHEMA}; "
            "upgrade with: pip install -U pyperunner-results",
        )
    return cast("Summary", summary)


def run_state(summary: Summary, host: str | None = None) -> str:
    """Return the state of a run; one that says it is running while its process is gone was interrupted.

    Args:
        summary: Content of ``summary.json``.
        host: Name of this machine, if it was asked for already.
    """
    state = str(summary.get("state"))
    process = summary.get("process")
    if state == "running" and isinstance(process, dict) and process_is_alive(process, host) is False:
        return "interrupted"
    return state


def read_events(folder: str) -> Iterator[dict[str, Json]]:
    """Yield the events of a run in the order they were written; lines that are cut short or damaged are left out."""
    path = Path(folder, EVENTS_FILE)
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict) and isinstance(event.get("kind"), str):
                yield event


def size_of_record(folder: str) -> tuple[int, ...]:
    """Return numbers that change whenever the record of the run in ``folder`` does."""
    sizes = []
    for name in (EVENTS_FILE, SUMMARY_FILE):
        try:
            stat = Path(folder, name).stat()
        except OSError:
            continue
        sizes += [stat.st_size, stat.st_mtime_ns, stat.st_ino]
    return tuple(sizes)


def read_record(folder: str) -> RunRecord:
    """Return summary and events of the run in ``folder``, during the run too.

    Raises:
        NotARun: The folder holds no run, or one of a newer format.
    """
    summary = read_summary(folder)
    state = run_state(summary)
    layout = None
    tasks: dict[str, TaskRecord] = {}
    sources: dict[str, str] = {}
    for event in read_events(folder):
        kind = event["kind"]
        if kind == "run_started":
            drawn = event.get("layout")
            layout = drawn if isinstance(drawn, dict) else None
        elif kind == "code_part" and isinstance(source := event.get("source"), str):
            sources[str(event.get("digest"))] = source
        elif kind in ("task_started", "task_retried", "task_finished"):
            tasks.setdefault(str(event.get("task")), TaskRecord()).take(event)
    if state != "running":
        for task in tasks.values():
            if task.status == "RUNNING":
                task.status = "INTERRUPTED"
    return RunRecord(summary, state, layout, tasks, sources)
