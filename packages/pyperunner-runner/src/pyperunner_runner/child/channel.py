"""Channel: the way of messages from a process of tasks to the runner, which no task finds or spoils by accident."""

from __future__ import annotations

import os
import threading
from collections import deque

from pyperunner_runner.child.messages import pack

__all__ = ["Channel"]

_READ_SIZE = 1 << 16


class Channel:
    """Sends messages, of several threads and of signal handlers too, each as a whole.

    Args:
        fd: Where they go. It must block.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._identity = self._look()
        self._owner = os.getpid()
        self._lock = threading.RLock()
        self._writing = False
        self._unsent: deque[memoryview] = deque()

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that the channel was made in, and not one that a task has forked."""
        return os.getpid() == self._owner

    def check(self) -> None:
        """Make sure that the descriptor is still what it was.

        Raises:
            OSError: The task has closed it; by now it may be a file of the task's own.
        """
        if self._look() != self._identity:
            raise OSError("the task has closed the descriptor over which its process speaks to the runner")

    def send(self, message: object) -> None:
        """Send a message made of builtins and this package's own dataclasses.

        Raises:
            OSError: See ``check``; or the runner has gone.
        """
        frame = memoryview(pack(message))
        with self._lock:
            self._unsent.append(frame)
            if self._writing:
                return  # a signal handler, in the midst of a frame that this thread goes on with when it returns
            self._writing = True
            try:
                self._write()
            finally:
                self._writing = False

    def receive(self) -> bytes:
        """Return what the other side has sent, waiting for it; nothing when it is gone.

        Raises:
            OSError: See ``check``.
        """
        self.check()
        return os.read(self.fd, _READ_SIZE)

    def _write(self) -> None:
        # What is left of a frame stays here, so that the next one begins behind it even if a signal handler raises.
        while self._unsent:
            self.check()
            frame = self._unsent[0]
            written = os.write(self.fd, frame)
            if written == len(frame):
                self._unsent.popleft()
            else:
                self._unsent[0] = frame[written:]

    def _look(self) -> tuple[int, int]:
        found = os.fstat(self.fd)
        return found.st_dev, found.st_ino
