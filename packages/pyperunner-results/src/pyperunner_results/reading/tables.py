"""A run as one line, as a table for notebooks, as a data frame."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

from pyperunner_results.text import visible
from pyperunner_results.units import duration, memory

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult
    from pyperunner_results.reading.task_result import TaskResult

__all__ = ["one_line", "to_frame", "to_html"]

_ROWS = 200
_COLUMNS = ("status", "reason", "executed", "start", "end", "wall", "cpu", "memory_peak", "output_size", "error")


def one_line(results: PipelineResult) -> str:
    """Return the pipeline's name, the run's state and the number of tasks by status."""
    tasks = results.all_tasks()
    counts = Counter(task.status for task in tasks if task.status)
    parts = [results.state, *(f"{number} {status.lower()}" for status, number in counts.most_common())]
    return ", ".join(
        [f"{visible(results.name)!r}: {len(tasks)} task{'s' * (len(tasks) != 1)}", *(part for part in parts if part)]
    )


def to_html(results: PipelineResult) -> str:
    """Return an HTML table of the run's tasks. Names and texts are escaped; there is no script in it."""
    tasks = results.all_tasks()
    head = "".join(f"<th>{name}</th>" for name in ("task", "status", "reason", "time", "memory", "error"))
    rows = "".join(map(_row, tasks[:_ROWS]))
    more = f"<p>… and {len(tasks) - _ROWS:,} more tasks</p>" if len(tasks) > _ROWS else ""
    return f"<p>{_safe(one_line(results))}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _row(task: TaskResult) -> str:
    facts = (
        task.name,
        task.status,
        task.reason,
        None if task.wall is None else duration(task.wall),
        None if task.memory_peak is None else memory(task.memory_peak),
        task.error,
    )
    return f"<tr>{''.join(f'<td>{_safe(fact)}</td>' for fact in facts)}</tr>"


def _safe(text: str | None) -> str:
    return escape(visible(text or ""))


def to_frame(results: PipelineResult) -> Any:
    """Return one row per task, indexed by its name; times are UTC, durations seconds, memory bytes."""
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise ImportError("A frame of a run needs pandas. Install it with: pip install pandas") from error
    tasks = results.all_tasks()
    rows = {column: [getattr(task, column) for task in tasks] for column in _COLUMNS}
    frame = pd.DataFrame(rows, index=pd.Index([task.name for task in tasks], name="task"))
    for column in ("start", "end"):
        frame[column] = pd.to_datetime(frame[column], unit="s", utc=True)
    for column in ("wall", "cpu", "memory_peak", "output_size"):
        frame[column] = pd.to_numeric(frame[column])
    frame.insert(3, "attempts", [len(task.attempts) for task in tasks])
    frame["params"] = [task.params for task in tasks]
    return frame
