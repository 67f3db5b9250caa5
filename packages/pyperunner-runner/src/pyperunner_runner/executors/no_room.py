"""No room: the errors by which a system says that it can't make another process or descriptor just now."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["NO_ROOM", "NO_ROOM_SECONDS", "Shortage", "no_room_is_blocking"]

NO_ROOM = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
NO_ROOM_SECONDS = 30.0
"""How long to wait for room where no process of ours could make some by ending."""

_LEAST_DESCRIPTORS = 12


@contextmanager
def no_room_is_blocking() -> Iterator[None]:
    """Let an error that says so be a ``BlockingIOError``, after which the runner tries again; any other is itself."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise BlockingIOError(*error.args) from error


class Shortage:
    """Says once that there is no room, and gives up where it lasts.

    Args:
        warn: Takes a warning.
    """

    def __init__(self, warn: Callable[[str], object]) -> None:
        self._warn = warn
        self._since: float | None = None

    def end(self) -> None:
        """There is room."""
        self._since = None

    def go_on(self, error: BlockingIOError, now: float, *, may_end: bool) -> None:
        """There is no room.

        Args:
            error: What the system says.
            now: The time, in seconds of any monotonic clock.
            may_end: Whether a process of ours makes room when it ends; so long as one does, nothing is given up.

        Raises:
            BlockingIOError: It has lasted too long, or can't end.
        """
        from pyperunner_runner.processes.posix import most_descriptors

        if self._since is None:
            self._warn(f"no room for another process, trying again: {error}")
        if self._since is None or may_end:
            self._since = now
        if error.errno == errno.EMFILE and not may_end and most_descriptors() < _LEAST_DESCRIPTORS:
            why = (
                f"this program may have {most_descriptors()} open files, and a run takes {_LEAST_DESCRIPTORS} at least"
            )
            raise BlockingIOError(error.errno, f"there is no room for any process of a task: {why}") from error
        if now - self._since > NO_ROOM_SECONDS:
            why = f"there was no room for another process for {NO_ROOM_SECONDS:.0f} s: {error.strerror}"
            raise BlockingIOError(error.errno, why) from error
