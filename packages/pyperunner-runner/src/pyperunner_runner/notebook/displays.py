"""Displays in a notebook: what tasks display appears in the cell that runs them."""

from __future__ import annotations

from pyperunner_runner.events import RunEvent, TaskDisplayed

__all__ = ["Displays"]


class Displays:
    """A hook that displays what tasks do."""

    shows_displays = True

    def __call__(self, event: RunEvent) -> None:
        """Display what an event brings."""
        if isinstance(event, TaskDisplayed):
            from IPython.display import publish_display_data

            publish_display_data(dict(event.data), dict(event.metadata))  # type: ignore[no-untyped-call]
