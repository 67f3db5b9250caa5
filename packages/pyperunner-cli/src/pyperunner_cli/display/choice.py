"""Choice of what a run shows while it goes on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from pyperunner_runner.progress import Lines

if TYPE_CHECKING:
    from pyperunner_cli.display.estimate import Estimate
    from pyperunner_runner.events import RunEvent

__all__ = ["Display", "choose_display"]


class Display(Protocol):
    """A hook of the runner that shows how a run gets on."""

    def __call__(self, event: RunEvent) -> None:
        """Take note of an event."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was; may be called twice."""
        ...


def choose_display(*, verbose: bool, estimate: Callable[[], Estimate] | None = None) -> Display:
    """Return a moving display for a terminal, plain lines for anything else.

    Args:
        verbose: Show what tasks print, and why they run.
        estimate: Makes what says how long a run will take yet; asked for on a terminal only.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        from pyperunner_cli.display.live import Live

        return Live(verbose=verbose, estimate=estimate and estimate())
    return Lines(verbose=verbose)
