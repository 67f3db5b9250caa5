"""What executors with a nursery have in common: one selector, one queue of events, the line to the nursery."""

from __future__ import annotations

import os
import selectors
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any

from pyperunner_runner.executors.supervisor.client import NurseryLink
from pyperunner_runner.ports import Exit

if TYPE_CHECKING:
    from pyperunner_runner.ports import Event, Job, Session

__all__ = ["JobHandle", "Supervised"]


class JobHandle:
    """A job that runs in another process.

    Args:
        executor: Whoever hears of it.
        job: The job.
    """

    def __init__(self, executor: Supervised, job: Job) -> None:
        self.job = job
        self.exit: Exit | None = None
        self.process: int | None = None
        self._executor = executor

    @property
    def pid(self) -> int | None:
        """The process that carries out the job; waits until it is known."""
        while self.process is None and self.exit is None:
            self._executor.pump(None)
        return self.process

    @property
    def exitcode(self) -> int | None:
        """``None`` while the job runs, then its exit code, minus the signal's number after a signal."""
        if self.exit is None:
            self._executor.pump(0)
        return None if self.exit is None else self.exit.code

    def is_alive(self) -> bool:
        """Whether the job still runs."""
        if self.exit is None:
            self._executor.pump(0)
        return self.exit is None

    def join(self, timeout: float | None = None) -> None:
        """Wait for the job's end, or for ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.exit is None:
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining < 0:
                return
            self._executor.pump(remaining)


class Supervised(ABC):
    """An executor whose processes are made by a nursery.

    Args:
        session: The run's tasks and store.

    Raises:
        StoreNotShareable: A child could not reopen the store.
        UnknownStartMethod: There is no such start method.
        TaskNotPortable: A task can't be sent to a fresh interpreter, as the start method asks for.
    """

    def __init__(self, session: Session) -> None:
        self._selector = selectors.DefaultSelector()
        self._events: deque[Event] = deque()
        self._owner = os.getpid()
        self._link = NurseryLink(session)
        if session.wake is not None:
            self._selector.register(session.wake, selectors.EVENT_READ, lambda: None)

    def __del__(self) -> None:
        # Not if it could not be made, and not in a process that the user has forked, which has a copy of all this.
        if hasattr(self, "_link") and self._owner == os.getpid():
            self.close()  # a run that was driven by hand and left half way

    @property
    @abstractmethod
    def _busy(self) -> bool:
        """Whether there is anything to wait for."""

    @abstractmethod
    def _hear(self, kind: str, name: str, fact: Any) -> None:
        """Take in what the nursery says: see there."""

    @abstractmethod
    def _lose_all(self) -> None:
        """The nursery has died, and with it all processes."""

    @abstractmethod
    def _forget_all(self) -> None:
        """The executor is closed: free what the jobs hold."""

    def wait(self, timeout: float | None = None) -> list[Event]:
        """See ``Executor.wait``."""
        if not self._events and self._busy:
            self.pump(timeout)
        events = list(self._events)
        self._events.clear()
        return events

    def pump(self, timeout: float | None) -> None:
        """Take in what the processes have sent, waiting up to ``timeout`` seconds for the first of it."""
        for key, _ in self._selector.select(timeout):
            key.data()

    def close(self) -> None:
        """See ``Executor.close``."""
        self._drop_nursery()
        self._forget_all()
        self._selector.close()

    def _nursery(self) -> NurseryLink:
        """Return the line to the nursery, which is started where there is none.

        Raises:
            BlockingIOError: There is no room for it just now.
        """
        if not self._link.is_open:
            try:
                self._link.open()
            except OSError as error:
                raise BlockingIOError(*error.args) from error
            self._selector.register(self._link, selectors.EVENT_READ, self._receive)
        return self._link

    def _receive(self) -> None:
        messages = self._link.receive()
        if messages is None:
            self._drop_nursery(lost=True)
            self._lose_all()
            return
        for kind, name, fact in messages:
            self._hear(kind, name, Exit(*fact) if kind == "ended" else fact)

    def _drop_nursery(self, *, lost: bool = False) -> None:
        if self._link.is_open:
            self._selector.unregister(self._link)
            self._link.close(lost=lost)
