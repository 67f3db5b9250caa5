"""What a run shows while it goes on: plain lines, one per finished task."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

from pyperunner_cli._text import count, duration, visible
from pyperunner_runner.events import RunStarted, TaskFinished, TaskOutput, TaskRetried, TaskWaiting

if TYPE_CHECKING:
    from pyperunner_runner.events import RunEvent

__all__ = ["Display", "Lines", "choose_display", "finished_line", "note_line", "opening_line"]


class Display(Protocol):
    """A hook of the runner that shows how a run gets on."""

    def __call__(self, event: RunEvent) -> None:
        """Take note of an event."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was; may be called twice."""
        ...


def choose_display(*, verbose: bool) -> Display:
    """Return a moving display for a terminal, plain lines for anything else.

    Args:
        verbose: Show what tasks print, and why they run.
    """
    if sys.stdout.isatty():
        from pyperunner_cli._live import Live

        return Live(verbose=verbose)
    return Lines(verbose=verbose)


def opening_line(event: RunStarted) -> str:
    """Return the first line of a run."""
    return f"{visible(event.pipeline)}: {count(len(event.tasks), 'task')}, {len(event.to_execute)} to execute"


def finished_line(event: TaskFinished, done: int, total: int, *, verbose: bool) -> str:
    """Return the line of a task that was executed.

    Args:
        event: How it ended.
        done: Tasks executed so far.
        total: Tasks to execute.
        verbose: Say why it ran.
    """
    state = "done" if event.status == "SUCCESS" else "FAILED"
    line = f"[{done:>{len(str(total))}}/{total}] {state} {visible(event.task)}, {duration(event.seconds)}"
    if event.error:
        line += f": {visible(event.error)}"
    return f"{line} ({visible(event.reason)})" if verbose and event.reason else line


def note_line(event: TaskRetried | TaskWaiting) -> str | None:
    """Return the line of what happens to a task between its start and its end; ``None`` if there is nothing to say."""
    if isinstance(event, TaskRetried):
        again = f"in {duration(event.wait)}" if event.wait else "at once"
        return f"retry {visible(event.task)} {again}: {visible(event.error)}"
    return f"waits {visible(event.task)}: another run makes the same output" if event.waiting else None


class Lines:
    """Prints a line when the run starts and one when an executed task ends.

    Args:
        verbose: Also print what tasks print, and why they run.
    """

    def __init__(self, *, verbose: bool = False) -> None:
        self._verbose = verbose
        self._total = 0
        self._done = 0

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self._total = len(event.to_execute)
            self._say(opening_line(event))
        elif isinstance(event, TaskOutput) and self._verbose:
            self._say(f"{visible(event.task)} | {visible(event.text)}")
        elif isinstance(event, (TaskRetried, TaskWaiting)):
            line = note_line(event)
            if line:
                self._say(line)
        elif isinstance(event, TaskFinished) and event.attempt:
            self._done += 1
            self._say(finished_line(event, self._done, max(self._total, self._done), verbose=self._verbose))

    def close(self) -> None:
        """Do nothing: lines stay as they are."""

    def _say(self, line: str) -> None:
        print(line, flush=True)
