"""Report data: what a report shows, in builtins and within bounds; a thousand tasks stay below three megabytes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyperunner_results.report.facts import facts_of, packages_of
from pyperunner_results.report.graph import critical_path, order, ranks, upstream_of
from pyperunner_results.strict_json import to_json
from pyperunner_text.visible import visible, visible_lines

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult
    from pyperunner_results.reading.task_result import TaskResult

__all__ = ["report_data"]

_FOLD_ABOVE = 300
_EDGES_DRAWN = 3000
_LOG_CHARS, _TRACEBACK_CHARS, _PARAM_CHARS = 800_000, 500_000, 400_000
"""Sums over all tasks."""
_LINES = 40


def report_data(results: PipelineResult) -> dict[str, Any]:
    """Return the content of a report. All texts are free of control characters, line feeds aside."""
    tasks = results.all_tasks()
    upstream = upstream_of(results.conf["tasks"])
    positions = order(upstream)
    if not positions:
        upstream = [[] for _ in tasks]
    summary = results.record.summary if results.record else {}
    start = summary.get("start")
    room = _Room(tasks)
    seconds = [_span(task) for task in tasks]
    path = critical_path(upstream, positions, seconds)
    sets: dict[tuple[int, ...], int] = {}
    return {
        "pipeline": visible(results.name),
        "folder": visible(results.label),
        "state": results.state or "unknown",
        "started": _moment(start),
        "seconds": _difference(start, time.time() if results.state == "running" else summary.get("end")),
        "counts": dict(Counter(task.status or "NOT_STARTED" for task in tasks)),
        "facts": facts_of(results.conf),
        "packages": packages_of(results.conf),
        "tasks": [_task(task, start, room) for task in tasks],
        "ranks": ranks(upstream, positions),
        "upstream": [sets.setdefault(tuple(ups), len(sets)) for ups in upstream],
        "sets": [list(ups) for ups in sets],
        "critical": path,
        "critical_seconds": round(sum(seconds[task] for task in path), 4),
        "fold": len(tasks) > _FOLD_ABOVE,
        "layout": _layout(results, [task.name for task in tasks]),
    }


class _Room:
    """How many characters each task may take for its long texts, so that the whole stays within bounds."""

    def __init__(self, tasks: list[TaskResult]) -> None:
        count = max(1, len(tasks))
        failed = max(1, sum(task.status == "FAILURE" for task in tasks))
        self.params = _between(200, _PARAM_CHARS // count, 4000)
        self.traceback = _between(400, _TRACEBACK_CHARS // failed, 16_000)
        self.log = _between(200, _LOG_CHARS // (count + 3 * failed), 8000)
        self.failed_log = 3 * self.log


def _span(task: TaskResult) -> float:
    """Return the seconds that a task held up what follows it: all its attempts, and the waits between them."""
    attempts = task.attempts
    whole = _difference(attempts[0].get("start"), attempts[-1].get("end")) if len(attempts) > 1 else None
    return max(0.0, (whole if whole is not None else task.wall) or 0.0) if attempts else 0.0


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _task(task: TaskResult, start: object, room: _Room) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": visible(task.name),
        "kind": visible(task.name.partition("(")[0]),
        "status": task.status or "NOT_STARTED",
        "executed": task.executed,
        "reason": _line(task.reason),
        "params": _params(task, room.params),
        "key": visible(task.key),
    }
    if task.executed or task.status == "FAILURE":
        facts |= _figures(task, start, room)
    return {name: fact for name, fact in facts.items() if fact not in (None, "", [], {})}


def _figures(task: TaskResult, start: object, room: _Room) -> dict[str, Any]:
    """Return what is known only of a task that was started, or that failed without."""
    failed = task.status == "FAILURE"
    return {
        "wall": _rounded(task.wall) if task.executed else None,
        "cpu": _rounded(task.cpu),
        "memory": task.memory_peak,
        "memory_bound": (task.memory_own is None and task.memory_peak is not None) or None,
        "logfile": _line(task.fact("log")),
        "size": task.output_size,
        "read": _count(task.fact("read")),
        "written": _count(task.fact("written")),
        "digest": _line(task.output_digest),
        "exit": _line(task.fact("exit")),
        "error": _line(task.error),
        "traceback": _tail(task.traceback or "", room.traceback) if failed else None,
        "log": _tail(task.log_tail(_LINES), room.failed_log if failed else room.log),
        "undeclared": [_line(file) for file in task.undeclared[:20]],
        "attempts": [_attempt(attempt, start, len(task.attempts) > 1) for attempt in task.attempts],
    }


def _attempt(facts: Mapping[str, object], start: object, with_error: bool) -> dict[str, Any]:
    return {
        "start": _difference(start, facts.get("start")),
        "end": _difference(start, facts.get("end")),
        "status": str(facts.get("status") or "RUNNING"),
    } | ({"error": _line(facts.get("error"))} if with_error else {})


def _params(task: TaskResult, room: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in task.params.items():
        text = visible(value if isinstance(value, str) else to_json(value))
        found[visible(str(name))] = text if len(text) <= room else f"{text[:room]}…"
        room = max(20, room - len(text))
    return found


def _layout(results: PipelineResult, names: list[str]) -> dict[str, Any] | None:
    """Return the recorded drawing by positions, if it is complete and of a size that can be drawn task by task."""
    layout = results.record.layout if results.record else None
    if not layout or len(names) > _FOLD_ABOVE:
        return None
    positions = {name: number for number, name in enumerate(names)}
    try:
        boxes = {positions[n["name"]]: [float(n[side]) for side in "xywh"] for n in layout["nodes"]}
        edges = [
            [positions[edge["source"]], positions[edge["target"]], [[float(x), float(y)] for x, y in edge["points"]]]
            for edge in layout["edges"]
        ]
    except (KeyError, TypeError, ValueError):
        return None
    if len(boxes) != len(names) or len(edges) > _EDGES_DRAWN:
        return None
    return {"boxes": [boxes[number] for number in range(len(names))], "edges": edges}


def _moment(value: object) -> str | None:
    if not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value).astimezone().isoformat(" ", "seconds")
    except (ValueError, OverflowError, OSError):
        return None


def _difference(start: object, end: object) -> float | None:
    if not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
        return None
    return round(end - start, 4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _line(value: object) -> str | None:
    return None if value is None else visible(str(value))[:500]


def _tail(text: str, room: int) -> str:
    shown = "\n".join(visible_lines(text)) if text else ""
    return shown if len(shown) <= room else f"…{shown[-room:]}"
