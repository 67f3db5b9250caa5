"""The moving display of a terminal: finished tasks above, running ones with their time and a bar below."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from pyperunner_cli.display.estimate import Estimate
from pyperunner_cli.text import duration, visible
from pyperunner_runner.events import (
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskQueued,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from pyperunner_runner.progress import finished_line, note_line, opening_line
from pyperunner_text.terminal.columns import cropped
from pyperunner_text.visible import visible_lines

if TYPE_CHECKING:
    from pyperunner_runner.events import RunEvent

__all__ = ["Live"]

_INTERVAL = 0.1  # seconds between two drawings; between them finished tasks are collected, so that many cost little
_SHOWN = 12  # running tasks shown at once
_BAR = 40  # width of the bar in columns
_PASSING = 3  # lines that a task is writing over
_BESIDE = 24  # columns that state and time take beside them


class Live:
    """Draws with rich, on the runner's own ticks: no thread, and no redirection that a forked child would inherit.

    Args:
        console: Where to draw; the terminal by default.
        verbose: Also print what tasks print, and why they run.
        estimate: Says how long it will take yet.
    """

    def __init__(
        self, console: Console | None = None, *, verbose: bool = False, estimate: Estimate | None = None
    ) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._live = RichLive(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._verbose = verbose
        self._estimate = estimate or Estimate({}, 1)
        self._running: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._queued: dict[str, str] = {}
        self._passing: dict[str, dict[str, list[str]]] = {}
        self._above: list[Text] = []
        self._drawn = 0.0
        self._total = 0
        self._done = 0

    def __call__(self, event: RunEvent) -> None:
        """Show what an event changes."""
        if isinstance(event, RunStarted):
            self._total, self._done = len(event.to_execute), 0
            self._estimate.begin(event.to_execute)
            self._console.print(Text(opening_line(event)))
            if event.to_execute:
                self._live.start()
        elif isinstance(event, TaskStarted):
            self._running[event.task] = time.monotonic()
            self._queued.pop(event.task, None)
            self._estimate.start(event.task, time.monotonic())
        elif isinstance(event, TaskOutput):
            self._hear(event)
        elif isinstance(event, (TaskQueued, TaskRetried, TaskWaiting)):
            self._note(event)
        elif isinstance(event, TaskFinished):
            self._finish(event)
        elif isinstance(event, RunFinished):
            self.close()

    def tick(self, now: float) -> None:
        """Draw what has changed, with times as of ``now`` (seconds of ``time.monotonic``), if it is time to."""
        if now - self._drawn >= _INTERVAL:
            self._drawn = now
            self._draw(self._picture(now))

    def close(self) -> None:
        """Print what is left to say and remove the lower part."""
        self._draw(Text(""))
        self._live.stop()

    def _draw(self, picture: RenderableType) -> None:
        above, self._above = self._above, []
        if above:
            self._console.print(*above, sep="\n")
        self._live.update(picture, refresh=True)

    def _hear(self, event: TaskOutput) -> None:
        """Show a line that a task writes over below the task, until it is as it stays."""
        if event.passing:
            self._passing.setdefault(event.task, {})[event.stream] = event.text.split("\n")
            return
        self._passing.get(event.task, {}).pop(event.stream, None)
        if self._verbose:
            lines = visible_lines(event.text)
            self._above += [Text(f"{visible(event.task)} | {line}", style="dim") for line in lines]

    def _note(self, event: TaskQueued | TaskRetried | TaskWaiting) -> None:
        if isinstance(event, TaskRetried):
            self._running.pop(event.task, None)
            self._passing.pop(event.task, None)
        elif isinstance(event, TaskQueued):
            self._queued[event.task] = event.what
        elif event.waiting:
            self._waiting.add(event.task)
        else:
            self._waiting.discard(event.task)
        line = note_line(event)
        if line:
            self._above.append(Text(line, style="yellow"))

    def _finish(self, event: TaskFinished) -> None:
        self._running.pop(event.task, None)
        self._passing.pop(event.task, None)
        self._waiting.discard(event.task)
        self._queued.pop(event.task, None)
        self._estimate.end(event.task, event.seconds if event.attempt and event.status == "SUCCESS" else None)
        if event.attempt:
            self._done += 1
            self._total = max(self._total, self._done)
            line = finished_line(event, self._done, self._total, verbose=self._verbose)
            self._above.append(Text(line, style="" if event.status == "SUCCESS" else "bold red"))

    def _picture(self, now: float) -> Group:
        rows = Table.grid(padding=(0, 2))
        for name, began in list(self._running.items())[:_SHOWN]:
            state = Text("waiting", style="yellow") if name in self._waiting else Text("running", style="cyan")
            rows.add_row(state, Text(visible(name)), Text(duration(now - began), style="dim"))
            for line in self._passing_of(name):
                rows.add_row(Text(""), Text(line, style="dim", no_wrap=True, overflow="crop"), Text(""))
        for name, what in list(self._queued.items())[:_SHOWN]:
            rows.add_row(Text("waiting", style="yellow"), Text(visible(name)), Text(visible(what), style="dim"))
        more = len(self._running) - _SHOWN
        if more > 0:
            rows.add_row(Text(""), Text(f"and {more} more", style="dim"), Text(""))
        bar = Table.grid(padding=(0, 1))
        left = self._estimate.seconds(now)
        bar.add_row(
            ProgressBar(total=max(self._total, 1), completed=self._done, width=_BAR),
            f"{self._done}/{self._total}",
            Text("" if left is None else f"about {duration(left)} left", style="dim"),
        )
        return Group(rows, bar)

    def _passing_of(self, task: str) -> list[str]:
        """Return the last lines that a task is writing over, its progress bars, cropped to the terminal."""
        width = self._console.width - _BESIDE
        lines = [line for lines in self._passing.get(task, {}).values() for line in lines]
        return [cropped(visible_lines(line)[0], max(width, 1)) for line in lines[-_PASSING:]]
