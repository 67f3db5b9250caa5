"""Log forwarding: sends the records of ``logging``, and warnings, from a task's process to the runner."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Collection
from typing import IO

from pyperunner_runner.child.messages import LoggedText, pack, write_all
from pyperunner_runner.ports import Job, Waiting

__all__ = ["ForwardingHandler", "forward_logging"]


class ForwardingHandler(logging.Handler):
    """Sends each record to the runner; a process forked by the task writes to standard error instead.

    Attributes:
        fd: Where messages go.
        owner: The process whose records they are.
    """

    fd = -1
    owner = -1

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record's text to the runner."""
        try:
            text = self.format(record)
            if os.getpid() == self.owner:
                write_all(self.fd, pack(LoggedText(record.name, record.levelname, text, record.created)))
            else:
                print(text, file=sys.stderr)
        except Exception:
            self.handleError(record)

    def tell_waiting(self, job: Job) -> Callable[[bool], None]:
        """Return what tells the runner that a job waits, or waits no more."""
        return lambda waiting: write_all(self.fd, pack(Waiting(job.task, waiting)))


def forward_logging(replaced: Collection[IO[str] | None] = ()) -> ForwardingHandler:
    """Add a ``ForwardingHandler`` to the root logger, and capture warnings.

    Args:
        replaced: Streams whose handlers it takes the place of.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.setLevel(logging.INFO)
    for handler in list(root.handlers):
        if isinstance(handler, logging.StreamHandler) and handler.stream in replaced:
            root.removeHandler(handler)
    forwarding = ForwardingHandler()
    root.addHandler(forwarding)
    logging.captureWarnings(True)
    return forwarding
