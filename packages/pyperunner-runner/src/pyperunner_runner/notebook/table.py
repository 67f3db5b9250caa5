"""Table of a run in a notebook: it changes in place while the run goes on, and stays when the notebook is saved."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from pyperunner_runner.events import (
    RunEvent,
    RunFinished,
    RunStarted,
    TaskDisplayed,
    TaskFinished,
    TaskOutput,
    TaskQueued,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from pyperunner_runner.progress import opening_line
from pyperunner_runner.words import duration, visible

__all__ = ["RunTable"]

_INTERVAL = 0.25  # seconds between two pictures
_MOST = 20  # tasks in the table
_FIRST = ("failed", "running", "waits", "again", "done")
_NOTE = 200  # characters of what is said of a task


@dataclass
class _Row:
    state: str
    began: float = 0.0
    seconds: float = 0.0
    note: str = ""


class RunTable:
    """A hook that shows the run in the cell."""

    def __init__(self) -> None:
        self._heading = ""
        self._rows: dict[str, _Row] = {}
        self._over: RunFinished | None = None
        self._handle: Any = None
        self._drawn = 0.0
        self._now = 0.0

    def __call__(self, event: RunEvent) -> None:
        """Take in what happened; the beginning and the end are shown at once."""
        if isinstance(event, RunStarted):
            from IPython.display import display

            self._heading, self._rows, self._over = opening_line(event), {}, None
            self._handle = display(self, display_id=True)  # type: ignore[no-untyped-call]
        elif isinstance(event, RunFinished):
            self._over = event
            self._draw()
        elif not isinstance(event, TaskDisplayed):  # that is for ``Displays``
            self._note(event)

    def tick(self, now: float) -> None:
        """Show how things stand at ``now``, seconds of ``time.monotonic``, if it is time to."""
        self._now = now
        if now - self._drawn >= _INTERVAL:
            self._drawn = now
            self._draw()

    def _draw(self) -> None:
        if self._handle is not None:
            self._handle.update(self)

    def _note(self, event: TaskStarted | TaskQueued | TaskWaiting | TaskOutput | TaskRetried | TaskFinished) -> None:
        row = self._rows.get(event.task)
        if isinstance(event, TaskStarted):
            self._rows[event.task] = _Row("running", time.monotonic())
        elif isinstance(event, TaskFinished):
            if event.attempt or event.error:
                state = "done" if event.status == "SUCCESS" else "failed"
                began = row.began if row else 0.0
                self._rows[event.task] = _Row(state, began, event.seconds, event.error or event.reason)
        elif isinstance(event, TaskQueued):
            self._rows[event.task] = _Row("waits" if event.what else "running", time.monotonic(), note=event.what)
        elif row is not None:
            if isinstance(event, TaskRetried):
                row.state, row.note = "again", event.error
            elif isinstance(event, TaskWaiting):
                row.state = "waits" if event.waiting else "running"
            else:  # the last line that it has printed, or is writing over
                row.note = event.text.rpartition("\n")[2]

    def _shown(self) -> list[tuple[str, _Row]]:
        """Return the rows to show: what goes on and what failed before what is done, of that the latest."""
        latest = list(reversed(self._rows.items()))
        latest.sort(key=lambda item: _FIRST.index(item[1].state))
        return latest[:_MOST]

    def _closing_line(self) -> str:
        """Return what became of the run; while it goes on, of the tasks so far."""
        if self._over is None:
            return _listing(Counter(row.state for row in self._rows.values()).items())
        counts = Counter(status.lower().replace("_", " ") for status in self._over.statuses.values())
        state = "interrupted" if self._over.interrupted else "finished"
        return f"{state} after {duration(self._over.seconds)}: {_listing(counts.items())}"

    def _facts(self, row: _Row) -> tuple[str, str, str]:
        going_on = row.state in ("running", "waits") and self._over is None
        seconds = max(0.0, self._now - row.began) if going_on else row.seconds
        note = row.note if len(row.note) <= _NOTE else f"{row.note[:_NOTE]}…"
        return row.state, duration(seconds), visible(note)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """Return the table as text and as HTML, all of it escaped and without a script."""
        shown = [(visible(name), *self._facts(row)) for name, row in self._shown()]
        more = len(self._rows) - len(shown)
        rest = [f"… and {more:,} more"] if more else []
        widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in shown]
        text = "\n".join(line for line in (self._heading, *lines, *rest, self._closing_line()) if line)
        cells = "".join(f"<tr>{''.join(f'<td>{escape(fact)}</td>' for fact in row)}</tr>" for row in shown)
        table = f"<table><thead>{_HEAD}</thead><tbody>{cells}</tbody></table>" if shown else ""
        around = [f"<p>{escape(line)}</p>" for line in (self._heading, *rest, self._closing_line())]
        return {"text/plain": text, "text/html": "".join((around[0], table, *around[1:]))}


_HEAD = "<tr><th>task</th><th>state</th><th>time</th><th></th></tr>"


def _listing(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in counts)
