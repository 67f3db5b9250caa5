"""Log forwarding: sends the records of ``logging``, and warnings, from a task's process to the runner."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import IO, TYPE_CHECKING, Any

from pyperunner_runner.child.messages import LoggedText
from pyperunner_runner.ports import Job, Waiting

if TYPE_CHECKING:
    from pyperunner_runner.child.channel import Channel

__all__ = ["ForwardingHandler", "forward_logging"]

_PIECE = 1 << 16  # characters of a longer text that are sent at once
_LATEST = 1 << 33  # seconds since the epoch; a record may say anything


class ForwardingHandler(logging.Handler):
    """Sends each record to the runner; a process forked by the task writes to standard error instead.

    Attributes:
        channel: Where messages go, once the process of tasks has one.
    """

    channel: Channel | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record's text to the runner."""
        try:
            text = self.format(record)
            if self.channel is None or not self.channel.is_ours:
                print(text, file=sys.stderr)
                return
            when = record.created if 0 <= record.created < _LATEST else time.time()
            for start in range(0, max(1, len(text)), _PIECE):
                piece = text[start : start + _PIECE]
                self.channel.send(LoggedText(str(record.name), str(record.levelname), piece, float(when)))
        except Exception:
            self.handleError(record)

    def tell_waiting(self, job: Job) -> Callable[[bool], None]:
        """Return what tells the runner that a job waits, or waits no more."""

        def tell(waiting: bool) -> None:
            if self.channel is not None:
                self.channel.send(Waiting(job.task, waiting))

        return tell


def forward_logging(replaced: Collection[IO[str] | None] = ()) -> ForwardingHandler:
    """Add a ``ForwardingHandler`` to the root logger, and capture warnings.

    Args:
        replaced: Streams whose handlers it takes the place of.
    """
    root = logging.getLogger()
    configured = bool(root.handlers)
    if not configured:
        root.setLevel(logging.INFO)
    forwarding = ForwardingHandler()
    root.addHandler(forwarding)
    _take_the_place_of_handlers(replaced)
    if not configured:
        _let_tasks_configure(forwarding)
    logging.captureWarnings(True)
    return forwarding


def _take_the_place_of_handlers(streams: Collection[IO[str] | None]) -> None:
    """Remove the root logger's handlers that write to streams from which the runner would take each line once more."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.StreamHandler) and handler.stream in streams:
            root.removeHandler(handler)


def _let_tasks_configure(forwarding: ForwardingHandler) -> None:
    """Have ``logging.basicConfig`` work as in a program that has not been configured: it looks for handlers."""
    root, configure = logging.getLogger(), logging.basicConfig
    done = False

    @wraps(configure)
    def configure_beside(*, force: bool = False, **options: Any) -> None:
        nonlocal done
        if done and not force:
            return
        root.removeHandler(forwarding)
        try:
            configure(force=force, **options)
            done = True
        finally:
            root.addHandler(forwarding)
            _take_the_place_of_handlers((sys.stdout, sys.stderr))

    logging.basicConfig = configure_beside  # type: ignore[assignment]
