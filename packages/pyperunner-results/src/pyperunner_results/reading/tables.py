"""Tables of the tasks of a run: one line, HTML for notebooks, a data frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pyperunner_results.reading.units import duration, memory
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_results.reading.task_result import TaskResult

__all__ = ["one_line", "to_frame", "to_html"]

_ROWS = 200
_COLUMNS = ("status", "reason", "executed", "start", "end", "wall", "cpu", "memory_peak", "output_size", "error")


def one_line(name: str, state: str | None, tasks: Sequence[TaskResult]) -> str:
    """Return the pipeline's name, the run's state and the number of tasks by status."""
    counts = Counter(task.status for task in tasks if task.status)
    parts = [state, *(f"{number} {status.lower()}" for status, number in counts.most_common())]
    return ", ".join(
        [f"{visible(name)!r}: {len(tasks)} task{'s' * (len(tasks) != 1)}", *(part for part in parts if part)]
    )


def to_html(name: str, state: str | None, tasks: Sequence[TaskResult]) -> str:
    """Return an HTML table of the run's tasks. Names and texts are escaped; there is no script in it."""
    head = "".join(f"<th>{name}</th>" for name in ("task", "status", "reason", "time", "memory", "error"))
    rows = "".join(map(_row, tasks[:_ROWS]))
    more = f"<p>… and {len(tasks) - _ROWS:,} more tasks</p>" if len(tasks) > _ROWS else ""
    line = _safe(one_line(name, state, tasks))
    return f"<p>{line}</p><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


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
    from html import escape

    return escape(visible(text or ""))


def to_frame(tasks: Sequence[TaskResult]) -> Any:
    """Return one row per task, indexed by its name; times are UTC, durations seconds, memory bytes."""
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise ImportError("A frame of a run needs pandas. Install it with: pip install pandas") from error
    rows = {column: [getattr(task, column) for task in tasks] for column in _COLUMNS}
    frame = pd.DataFrame(rows, index=pd.Index([task.name for task in tasks], name="task"))
    for column in ("start", "end"):
        frame[column] = pd.to_datetime(frame[column], unit="s", utc=True)
    for column in ("wall", "cpu", "memory_peak", "output_size"):
        frame[column] = pd.to_numeric(frame[column])
    frame.insert(3, "attempts", [len(task.attempts) for task in tasks])
    frame["params"] = [task.params for task in tasks]
    return frame
