"""Report data: what a report shows, in builtins and within bounds; a thousand tasks stay below three megabytes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyperunner_results.reading.elements import element_names
from pyperunner_results.reading.record import read_record
from pyperunner_results.report.graph import critical_path, order, ranks, upstream_of
from pyperunner_results.report.outputs import shown_outputs
from pyperunner_results.report.surroundings import facts_of, packages_of
from pyperunner_results.shape import as_number
from pyperunner_results.strict_json import to_json
from pyperunner_text.visible import visible, visible_lines

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult
    from pyperunner_results.reading.record import RunRecord
    from pyperunner_results.reading.task_result import TaskResult

__all__ = ["report_data"]

_FOLD_ABOVE = 300
_FAN, _FOLDED_OF_FEW = 40, 12
"""Of tasks of one class side by side: so many fold although there are few in all, and so does what is so large."""
_EDGES_DRAWN = 3000
_FARTHEST = 1e6  # of a place in the drawing, in pixels; an edited record may say anything
_LEAST = 200  # characters for which each end of a log or traceback counts
_DETAILED = 10_000  # tasks; of more, those that succeeded are shown without digest and place of the log
_LOG_CHARS, _TRACEBACK_CHARS, _PARAM_CHARS, _LINE_CHARS = 800_000, 500_000, 400_000, 4_000_000
"""Sums over all tasks."""
_PARAM_CHARS_EACH, _PARAM_CHARS_LEAST = 40, 20
"""Of the params of one task, and of each of them."""
_LINES = 40


def report_data(results: PipelineResult, *, outputs: bool = False, secrets: Iterable[object] = ()) -> dict[str, Any]:
    """Return the content of a report. All texts are free of control characters, line feeds aside.

    Args:
        results: The run.
        outputs: Whether small outputs are among it.
        secrets: What is masked in these.
    """
    record = read_record(results.run_folder, leave_out="parts") if results.run_folder else None
    written = results._read(results, record)
    upstream = upstream_of(results.conf["tasks"])
    positions = order(upstream)
    if not positions:
        upstream = [[] for _ in written]
    outputs_shown = shown_outputs(results, written, upstream, secrets) if outputs else {}
    elements = _elements(written, record)
    tasks = [*written, *results._read([name for names in elements.values() for name in names], record)]
    mapped = [at for at, names in elements.items() for _ in names]
    upstream += [upstream[at] for at in mapped]
    positions += range(len(written), len(tasks))
    summary = record.summary if record else {}
    start = summary.get("start")
    room = _Room(tasks)
    seconds = [_span(task) for task in written] + [0.0] * len(mapped)
    for at, element in zip(mapped, tasks[len(written) :], strict=True):  # a mapped task takes as long as its longest
        seconds[at] = max(seconds[at], _span(element))
    path = critical_path(upstream, positions, seconds)
    sets: dict[tuple[int, ...], int] = {}
    depths = ranks(upstream, positions)
    fold = _fold(written, depths[: len(written)])
    return {
        "pipeline": visible(results.name),
        "folder": visible(results.label),
        "state": record.state if record else "unknown",
        "started": _moment(start),
        "seconds": _difference(start, time.time() if record and record.state == "running" else summary.get("end")),
        "counts": dict(Counter(task.status or "NOT_STARTED" for task in tasks)),
        "facts": facts_of(results.conf),
        "packages": packages_of(results.conf),
        "tasks": [_task(task, start, room) for task in tasks],
        "mapped": mapped,
        "ranks": depths,
        "upstream": [sets.setdefault(tuple(ups), len(sets)) for ups in upstream],
        "sets": [list(ups) for ups in sets],
        "critical": path,
        "critical_seconds": round(sum(seconds[task] for task in path), 4),
        "outputs": outputs_shown,
        "fold": fold,
        "layout": None if fold else _layout(record, [task.name for task in written]),
    }


def _elements(tasks: Sequence[TaskResult], record: RunRecord | None) -> dict[int, list[str]]:
    """Return the names of the elements of each mapped task by its position, as far as the run got to them."""
    known = record.tasks if record else {}
    found = {}
    for at, task in enumerate(tasks):
        if (recorded := task.facts.get("elements")) is not None:
            found[at] = [name for name in element_names(task.name, recorded, known) if name in known]
    return found


def _fold(tasks: Sequence[TaskResult], depths: Sequence[int]) -> int:
    """Return how many tasks of one class side by side fold into one box; 0 where none do."""
    if len(tasks) > _FOLD_ABOVE:
        return 2
    fans = Counter((depth, task.name.partition("(")[0]) for task, depth in zip(tasks, depths, strict=True))
    return _FOLDED_OF_FEW if max(fans.values(), default=0) >= _FAN else 0


class _Room:
    """Characters that are left for the long texts of all tasks together, and how many each task may take of them."""

    def __init__(self, tasks: list[TaskResult]) -> None:
        count = len(tasks) or 1
        failed = sum(task.status == "FAILURE" for task in tasks) or 1
        self.detailed = count <= _DETAILED
        log = _between(200, _LOG_CHARS // (count + 3 * failed), 8000)
        self._left = {
            "params": _PARAM_CHARS + _PARAM_CHARS_EACH * count,
            "traceback": _TRACEBACK_CHARS,
            "log": _LOG_CHARS,
            "failed_log": _LOG_CHARS,
            "line": _LINE_CHARS,
        }
        self._each = {
            "params": _between(_PARAM_CHARS_EACH, _PARAM_CHARS // count, 4000),
            "traceback": _between(400, _TRACEBACK_CHARS // failed, 16_000),
            "log": log,
            "failed_log": 3 * log,
            "line": 500,
        }

    def for_one(self, kind: str) -> int:
        """Return how many characters a task may take now."""
        return max(0, min(self._each[kind], self._left[kind]))

    def take(self, kind: str, text: str) -> str:
        """Return a text that a task takes."""
        self._left[kind] -= len(text)
        return text

    def line(self, value: object) -> str | None:
        """Return the beginning of a text, on one line."""
        return None if value is None else self.take("line", visible(str(value))[: self.for_one("line")])

    def tail(self, kind: str, text: str) -> str:
        """Return the end of a text, in lines."""
        room = self.for_one(kind)
        shown = "\n".join(visible_lines(text)) if text and room else ""
        shown = shown if len(shown) <= room else f"…{shown[-room:]}"
        self._left[kind] -= max(len(shown), _LEAST)  # also what is not there has taken time to look for
        return shown


def _span(task: TaskResult) -> float:
    """Return the seconds that a task held up what follows it: all its attempts, and the waits between them."""
    if not task.executed:
        return 0.0
    attempts = task.attempts
    whole = _difference(attempts[0].get("start"), attempts[-1].get("end")) if len(attempts) > 1 else None
    return max(0.0, (whole if whole is not None else task.wall) or 0.0)


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _task(task: TaskResult, start: object, room: _Room) -> dict[str, Any]:
    status, executed = task.status or "NOT_STARTED", task.executed
    row: dict[str, Any] = {
        "name": visible(task.name),
        "kind": visible(task.name.partition("(")[0]),
        "status": status,
        "executed": executed or None,
        "reason": room.line(task.reason),
        "params": _params(task, room),
        "hash": visible(task.key[len(task.name) + 1 :]),
    }
    if executed or status == "FAILURE":
        row |= _figures(task, executed, start, room)
    return {name: value for name, value in row.items() if value or value == 0}


def _figures(task: TaskResult, executed: bool, start: object, room: _Room) -> dict[str, Any]:
    """Return what is known only of a task that was started, or that failed without."""
    facts: Mapping[str, Any] = task.facts
    failed = task.status == "FAILURE"
    log = "failed_log" if failed else "log"
    own, resident = facts.get("uss_peak"), facts.get("max_rss")
    row = {
        "wall": _rounded(facts.get("wall")) if executed else None,
        "cpu": _rounded(facts.get("cpu")),
        "memory": resident if own is None else own,
        "memory_bound": (own is None and resident is not None) or None,
        "size": facts.get("size"),
        "read": facts.get("read"),
        "written": facts.get("written"),
        "exit": facts.get("exit"),
        "host": room.line(facts.get("host")),
        "error": room.line(facts.get("error")),
        "traceback": room.tail("traceback", task.traceback or "") if failed else None,
        "log": room.tail(log, task.log_tail(_LINES)) if room.for_one(log) else None,
        "undeclared": [room.line(file) for file in task.undeclared[:20]],
        **_times(task, start),
    }
    if room.detailed or failed:
        row |= {"logfile": room.line(facts.get("log")), "digest": room.line(facts.get("digest"))}
    return row


def _times(task: TaskResult, start: object) -> dict[str, Any]:
    """Return start and end of the only attempt, or what there is to say of several."""
    attempts = task.attempts
    if len(attempts) == 1 and attempts[0].get("status") == task.status:
        return {name: _difference(start, attempts[0].get(name)) for name in ("start", "end")}
    return {"attempts": [_attempt(attempt, start, len(attempts) > 1) for attempt in attempts]}


def _attempt(facts: Mapping[str, object], start: object, with_error: bool) -> dict[str, Any]:
    return {
        "start": _difference(start, facts.get("start")),
        "end": _difference(start, facts.get("end")),
        "status": str(facts.get("status") or "RUNNING"),
    } | ({"error": _line(facts.get("error")), **({"lost": True} if facts.get("lost") else {})} if with_error else {})


def _params(task: TaskResult, room: _Room) -> dict[str, str]:
    found: dict[str, str] = {}
    left = room.for_one("params")
    for name, value in task.params.items():
        text = visible(value if isinstance(value, str) else to_json(value))
        shown = text if len(text) <= left else f"{text[:left]}…"
        found[visible(str(name))] = room.take("params", shown)
        left = max(_PARAM_CHARS_LEAST, left - len(text))
    return found if room.for_one("params") > 0 else {}


def _layout(record: RunRecord | None, names: list[str]) -> dict[str, Any] | None:
    """Return the recorded drawing by positions, if it is complete and of a size that can be drawn task by task."""
    layout = record.layout if record else None
    if not layout or len(names) > _FOLD_ABOVE:
        return None
    positions = {name: number for number, name in enumerate(names)}
    try:
        boxes = {positions[n["name"]]: [float(n[side]) for side in "xywh"] for n in layout["nodes"]}
        edges: list[Any] = [
            [positions[edge["source"]], positions[edge["target"]], [[float(x), float(y)] for x, y in edge["points"]]]
            for edge in layout["edges"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if len(boxes) != len(names) or len(edges) > _EDGES_DRAWN:
        return None
    places: list[list[float]] = [*boxes.values(), *(point for edge in edges for point in edge[2])]
    if not all(abs(side) < _FARTHEST for place in places for side in place):
        return None
    return {"boxes": [boxes[number] for number in range(len(names))], "edges": edges}


def _moment(value: object) -> str | None:
    seconds = as_number(value)
    return None if seconds is None else datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")


def _difference(start: object, end: object) -> float | None:
    first, last = as_number(start), as_number(end)
    return None if first is None or last is None else round(last - first, 4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _line(value: object) -> str | None:
    return None if value is None else visible(str(value))[:500]
