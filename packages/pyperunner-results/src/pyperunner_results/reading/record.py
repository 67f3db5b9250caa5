"""Record of a run: what it wrote about itself, whole or cut short."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pyperunner_results.errors import NotARun
from pyperunner_results.files import open_regular
from pyperunner_results.process import process_is_alive
from pyperunner_results.run_files import EVENTS_FILE, SCHEMA, STATES, STATUS, SUMMARY_FILE
from pyperunner_results.shape import as_count, as_number, as_text, as_texts
from pyperunner_text.gc_paused import gc_paused

if TYPE_CHECKING:
    from pyperunner_results.schema import Json, Summary

__all__ = [
    "RecordTail",
    "RunRecord",
    "TaskRecord",
    "read_events",
    "read_record",
    "read_summary",
    "run_state",
    "size_of_record",
]


_decode = json.JSONDecoder().raw_decode  # `json.loads` guesses the encoding of each line
_LONGEST_LINE = 64 << 20  # bytes of an event
_MOST_DAMAGED = 64 << 20  # bytes
_LARGEST_SUMMARY = 16 << 20  # bytes

_SHAPE_OF: Mapping[str, Callable[[object], object]] = {
    **dict.fromkeys(("start", "end", "wall", "cpu", "wait"), as_number),
    **dict.fromkeys(("pid", "uss_peak", "max_rss", "read", "written", "size"), as_count),
    **dict.fromkeys(("reason", "log", "error", "traceback", "digest", "key", "host"), as_text),
    "status": lambda value: value if isinstance(value, str) and STATUS.fullmatch(value) else None,
    "exit": lambda value: value if type(value) is int and abs(value) < 1 << 32 else None,
    **dict.fromkeys(("oom", "lost"), lambda value: value if isinstance(value, bool) else None),
    "parts": lambda value: value if isinstance(value, dict) else None,
    "undeclared": as_texts,
}
"""What a fact must be; one that is not counts as not recorded."""
_SHAPES: dict[str, tuple[str, Callable[[object], object]] | None] = {
    **{name: (name, shape) for name, shape in _SHAPE_OF.items()},
    **dict.fromkeys(("kind", "time", "task", "attempt")),  # no facts
}


@dataclass
class TaskRecord:
    """What the events say of one task. The facts of an attempt are described in ``docs/run-folder.md``."""

    status: str = "NOT_STARTED"
    by_attempt: dict[int, dict[str, Json]] = field(default_factory=dict)
    """Facts of each attempt that was started by its number, the first one first."""
    decided: dict[str, Json] = field(default_factory=dict)
    """Facts of the task's end when nothing was started for it."""

    @property
    def attempts(self) -> list[dict[str, Json]]:
        """Facts of each attempt that was started, the first one first."""
        return list(self.by_attempt.values())

    @property
    def facts(self) -> Mapping[str, Json]:
        """Facts of the last attempt, and where it has none of a name, of the decision not to start one."""
        return {**self.decided, **self._last} if self.decided and self.by_attempt else self._last or self.decided

    @property
    def _last(self) -> dict[str, Json]:
        return next(reversed(self.by_attempt.values()), {})

    def _facts_of(self, number: int | None) -> dict[str, Json]:
        if number:
            return self.by_attempt.setdefault(number, {"attempt": number})
        return self._last if self.by_attempt and "end" not in self._last else self.decided

    def take(self, event: Mapping[str, Json]) -> None:
        """Take in an event of this task."""
        facts = self._facts_of(as_count(event.get("attempt")))
        for name, value in event.items():
            if name not in _SHAPES:
                facts[name] = value
            elif (known := _SHAPES[name]) is not None:
                # Under its one name: each line that is read brings names of its own.
                facts[known[0]] = None if value is None else cast("Json", known[1](value))
        if event["kind"] == "task_started":
            facts.setdefault("start", as_number(event.get("time")))
            self.status = "RUNNING"
            return
        if facts is not self.decided:
            facts.setdefault("end", as_number(event.get("time")))
        if event["kind"] == "task_finished":
            self.status = str(facts.get("status") or "UNKNOWN")


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
        with open_regular(f"{folder}/{SUMMARY_FILE}") as file:
            summary = json.loads(file.read(_LARGEST_SUMMARY))
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
    state = summary.get("state")
    if state not in STATES:
        return "broken"
    process = summary.get("process")
    if state == "running" and isinstance(process, dict) and process_is_alive(process, host) is False:
        return "interrupted"
    return state


def read_events(folder: str) -> Iterator[dict[str, Json]]:
    """Yield the events of a run in the order they were written; lines that are cut short or damaged are left out.

    After very many bytes that are none the rest is left out, too: the end may be a terabyte away, with nothing before.
    """
    try:
        file = open_regular(Path(folder, EVENTS_FILE))
    except OSError:
        return
    with file:
        # A longer line comes in parts, none of which is an event.
        damaged = 0
        while damaged < _MOST_DAMAGED and (line := file.readline(_LONGEST_LINE)):
            event = _event_in(line)
            if event is None:
                damaged += len(line)
            else:
                yield event


def _event_in(line: bytes) -> dict[str, Json] | None:
    try:
        text = line.decode()
        event, end = _decode(text)
    except (ValueError, RecursionError):
        return None
    sound = not text[end:].strip() and isinstance(event, dict) and isinstance(event.get("kind"), str)
    return event if sound else None


class RecordTail:
    """Reads the events of a run while they are written.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: str) -> None:
        self._file = Path(folder, EVENTS_FILE)
        self._read = 0

    def read(self) -> list[dict[str, Json]]:
        """Return the events that have come since the last call; one that is half written comes with the next."""
        events = []
        try:
            file = open_regular(self._file)
        except OSError:
            return []
        with file:
            file.seek(self._read)
            while (line := file.readline()).endswith(b"\n"):
                self._read += len(line)
                event = _event_in(line)
                if event is not None:
                    events.append(event)
        return events


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


def read_record(folder: str, leave_out: str = "") -> RunRecord:
    """Return summary and events of the run in ``folder``, during the run too.

    Args:
        folder: The run's folder.
        leave_out: A fact of tasks that is not wanted, and may be most of the record.

    Raises:
        NotARun: The folder holds no run, or one of a newer format.
    """
    summary = read_summary(folder)
    with gc_paused():
        return _read_record(folder, summary, leave_out)


def _read_record(folder: str, summary: Summary, leave_out: str) -> RunRecord:
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
            event.pop(leave_out, None)
            tasks.setdefault(str(event.get("task")), TaskRecord()).take(event)
    if state != "running":
        for task in tasks.values():
            if task.status == "RUNNING":
                task.status = "INTERRUPTED"
    return RunRecord(summary, state, layout, tasks, sources)
