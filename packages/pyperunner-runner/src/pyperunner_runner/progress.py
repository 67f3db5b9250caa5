"""Progress of a run, shown while it goes on: plain lines, one per finished task."""

from __future__ import annotations

from collections.abc import Callable

from pyperunner_runner.events import (
    RunEvent,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskQueued,
    TaskRetried,
    TaskWaiting,
)
from pyperunner_runner.words import count, duration, visible
from pyperunner_text.terminal.printing import say
from pyperunner_text.visible import visible_lines

__all__ = ["Lines", "finished_line", "note_line", "opening_line"]


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


def note_line(event: TaskRetried | TaskQueued | TaskWaiting) -> str | None:
    """Return the line of what happens to a task between its start and its end; ``None`` if there is nothing to say."""
    if isinstance(event, TaskRetried):
        again = f"in {duration(event.wait)}" if event.wait else "at once"
        return f"retry {visible(event.task)} {again}: {visible(event.error)}"
    if isinstance(event, TaskQueued):
        return f"waits {visible(event.task)}: {visible(event.what)}" if event.what else None
    return f"waits {visible(event.task)}: another run makes the same output" if event.waiting else None


class Lines:
    """Prints a line when the run starts and one when an executed task ends.

    Args:
        verbose: Also print what tasks print, and why they run.
        write: Takes each line; prints it by default.
    """

    def __init__(self, *, verbose: bool = False, write: Callable[[str], object] | None = None) -> None:
        self._verbose = verbose
        self._say = write or say
        self._total = 0
        self._done = 0

    def __call__(self, event: RunEvent) -> None:
        """Print what there is to say of an event."""
        if isinstance(event, RunStarted):
            self._total, self._done = len(event.to_execute), 0
            self._say(opening_line(event))
        elif isinstance(event, TaskOutput) and self._verbose and not event.passing:
            for text in visible_lines(event.text):
                self._say(f"{visible(event.task)} | {text}")
        elif isinstance(event, (TaskQueued, TaskRetried, TaskWaiting)):
            line = note_line(event)
            if line:
                self._say(line)
        elif isinstance(event, TaskFinished) and event.attempt:
            self._done += 1
            self._say(finished_line(event, self._done, max(self._total, self._done), verbose=self._verbose))

    def close(self) -> None:
        """Do nothing: lines stay as they are."""
