"""Hooks: whoever wants to hear of a run, given to the runner or installed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable

from pyperunner_runner.events import Hook, RunEvent, SupportsTick
from pyperunner_runner.notebook.session import in_notebook
from pyperunner_text.plugins import BrokenPlugin, plugins

__all__ = ["Hooks", "hooks_of", "installed_hooks", "show_displays"]

_GROUP = "pyperunner.hooks"


class Hooks:
    """Tells every hook of every event; one that raises is warned of and left out from then on.

    Args:
        hooks: The hooks, in the order in which they are told.
        say: Writes a warning into the run's log.
    """

    def __init__(self, hooks: Iterable[Hook], say: Callable[[str], None]) -> None:
        self._hooks = list(hooks)
        self._say = say
        self._moving = [hook for hook in self._hooks if isinstance(hook, SupportsTick)]

    def __bool__(self) -> bool:
        return bool(self._hooks)

    @property
    def ticking(self) -> bool:
        """Whether a hook wants to be called while time passes."""
        return bool(self._moving)

    def tick(self, now: float) -> None:
        """Call the hooks that move with time; ``now`` in seconds of the monotonic clock."""
        for hook in list(self._moving):
            self._call(hook, lambda hook=hook: hook.tick(now))  # type: ignore[misc]

    def tell(self, event: RunEvent) -> None:
        """Call every hook with an event."""
        for hook in list(self._hooks):
            self._call(hook, lambda hook=hook: hook(event))  # type: ignore[misc]

    def _call(self, hook: object, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:
            self._hooks = [other for other in self._hooks if other is not hook]
            self._moving = [other for other in self._moving if other is not hook]
            _leave_out(hook, error, self._say)


def hooks_of(progress: bool | Hook | None, hooks: Iterable[Hook]) -> tuple[Hook, ...]:
    """Return the hooks of a runner, of which the one that shows how a run gets on is first."""
    if in_notebook():
        from pyperunner_runner.notebook.displays import Displays
        from pyperunner_runner.notebook.table import RunTable

        progress = RunTable() if progress is None else progress
        hooks = (*hooks, Displays())
    if progress is True:
        from pyperunner_runner.progress import Lines

        return Lines(), *hooks
    return (progress, *hooks) if progress else (*hooks,)


def show_displays(hooks: Iterable[Hook]) -> bool:
    """Say whether one of some hooks shows what tasks display."""
    return any(getattr(hook, "shows_displays", False) for hook in hooks)


def installed_hooks(say: Callable[[str], None]) -> list[Hook]:
    """Return the hooks of the entry points ``pyperunner.hooks``: functions, or classes that are called for a hook.

    One that is false (``__bool__``) has nothing to hear of this run and is left out without a word.

    Args:
        say: Writes a warning into the run's log; one that can't be loaded is left out.
    """
    hooks: list[Hook] = []
    for plugin in plugins(_GROUP):
        try:
            found = plugin.load()
            hook = found() if isinstance(found, type) else found
            if hook:
                hooks.append(hook)
        except Exception as error:
            cause = error.__cause__ if isinstance(error, BrokenPlugin) else None
            _leave_out(plugin.name, cause or error, say)
    return hooks


def _leave_out(hook: object, error: BaseException, say: Callable[[str], None]) -> None:
    message = f"hook {hook!r} failed and is left out: {type(error).__name__}: {error}"
    say(message)
    warnings.warn(message, RuntimeWarning, stacklevel=3)
