"""Base of the executors that have a supervisor: one selector, one queue of events, the line to the supervisor."""

from __future__ import annotations

import os
import selectors
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING

from pyperunner_runner.errors import NoProcesses, TaskNotPortable
from pyperunner_runner.executors.arrivals import PATIENCE_SECONDS, Arrivals, Departures
from pyperunner_runner.executors.no_room import no_room_is_blocking
from pyperunner_runner.executors.supervisor.client import SupervisorClient
from pyperunner_runner.executors.supervisor.protocol import ChildEnded, ChildRefused, ChildStarted
from pyperunner_runner.ports import Exit, Logged
from pyperunner_runner.processes import posix

if TYPE_CHECKING:
    from pyperunner_runner.executors.supervisor.protocol import Report
    from pyperunner_runner.ports import Event, Session

__all__ = ["NOT_BEGUN", "SupervisedExecutor"]

NOT_BEGUN = f"its process, a copy of this program, has not begun within {PATIENCE_SECONDS:.0f} s"

_MOST_FRUITLESS = 3


class SupervisedExecutor(ABC):
    """An executor whose processes are made by a supervisor.

    Args:
        session: The run's tasks and store.

    Raises:
        StoreNotShareable: A child could not reopen the store.
        UnknownStartMethod: There is no such start method.
        TaskNotPortable: A task can't be sent to a fresh interpreter, as the start method asks for.
    """

    def __init__(self, session: Session) -> None:
        posix.occupy_standard_descriptors()
        self._selector = posix.new_selector(selectors.DefaultSelector)
        self._events: deque[Event] = deque()
        self._owner = os.getpid()
        self._fruitless = 0  # supervisors that were lost one after the other, and had made no child
        self._writes = False  # whether the supervisor's line is watched for room to write
        self._client = SupervisorClient(session)
        self._arrivals = Arrivals()
        self._departures = Departures()
        for level, text in self._client.notes:
            self._events.append(Logged("-", None, "runner", level, text, time.time()))
        if session.wake is not None:
            self._selector.register(session.wake, selectors.EVENT_READ, lambda: None)

    def __del__(self) -> None:
        # Not if it could not be made, and not in a process that the user has forked, which has a copy of all this.
        if hasattr(self, "_client") and self._owner == os.getpid():
            self.close()  # a run that was driven by hand and left half way

    @property
    @abstractmethod
    def _busy(self) -> bool:
        """Whether there is anything to wait for."""

    @abstractmethod
    def _take_report(self, report: Report) -> None:
        """Take in what the supervisor says."""

    @abstractmethod
    def _start_afresh(self, name: str) -> None:
        """A copy has not begun and is gone: start the same in a fresh interpreter.

        Raises:
            TaskNotPortable: That is impossible.
        """

    @abstractmethod
    def _lose_all(self) -> None:
        """The supervisor has died, and with it all processes."""

    @abstractmethod
    def _release_all(self) -> None:
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
        client = self._client
        if client.has_unsent != self._writes:
            self._writes = client.has_unsent
            wanted = selectors.EVENT_READ | selectors.EVENT_WRITE if self._writes else selectors.EVENT_READ
            self._selector.modify(client, wanted, self._receive)
        now = time.monotonic()
        for left in (self._arrivals.seconds_left(now), self._departures.seconds_left(now)):
            if left is not None:
                timeout = left if timeout is None else min(left, timeout)
        for key, ready in self._selector.select(client.patience(timeout)):
            if key.fileobj is client and ready & selectors.EVENT_WRITE:
                client.flush()
            if key.fileobj is not client or ready & selectors.EVENT_READ:
                key.data()
        for name, step in self._arrivals.take_due(time.monotonic()):
            if step == "show":
                client.show_stacks(name)
            else:
                self._stop(name, kill=True)
        if client.is_lost():
            self._lose_supervisor()
        for name in self._departures.take_due(time.monotonic()):
            self._leave(name)

    def close(self) -> None:
        """See ``Executor.close``."""
        self._drop_supervisor()
        self._release_all()
        self._selector.close()

    def _supervisor(self) -> SupervisorClient:
        """Return the line to the supervisor, which is started where there is none.

        Raises:
            BlockingIOError: There is no room for it just now.
        """
        if not self._client.is_open:
            with no_room_is_blocking():
                self._client.open()
            self._selector.register(self._client, selectors.EVENT_READ, self._receive)
        return self._client

    def _receive(self) -> None:
        reports = self._client.receive()
        if reports is None:
            self._lose_supervisor()
            return
        for report in reports:
            if isinstance(report, ChildStarted) and self._client.makes_copies:
                self._arrivals.expect(report.name, time.monotonic())
            if isinstance(report, ChildEnded):
                self._take_end(report)
            else:
                self._take_report(report)

    def _take_end(self, report: ChildEnded) -> None:
        self._departures.forget(report.name)
        if self._arrivals.is_overdue(report.name):
            self._replace(report.name)
        else:
            self._take_report(report)
            self._arrivals.forget(report.name)

    def _stop(self, name: str, *, kill: bool) -> None:
        """Ask for the end of a process; where it is killed, it is left behind if that does not end it."""
        self._client.stop(name, kill=kill)
        if kill:
            self._departures.expect(name, time.monotonic())

    def _leave(self, name: str) -> None:
        """Go on without a process that was killed and has not ended."""
        pid = self._client.leave(name)
        if pid is not None:
            text = (
                f"process {pid} ({name}) was killed and does not end: the system holds it; the run goes on without it"
            )
            self._events.append(Logged("-", None, "runner", "WARNING", text, time.time()))
            self._take_end(ChildEnded(name, Exit(left=True)))

    def _replace(self, name: str) -> None:
        """Have a fresh interpreter do what a copy has not begun with."""
        self._arrivals.forget(name)
        try:
            self._start_afresh(name)
        except TaskNotPortable as error:
            self._take_report(
                ChildRefused(name, f"{NOT_BEGUN}, and {error.part} can't be sent elsewhere: {error.cause}")
            )
        except BlockingIOError as error:
            self._take_report(ChildRefused(name, f"{NOT_BEGUN}, and there is no room for another process: {error}"))

    def _lose_supervisor(self) -> None:
        self._fruitless = 0 if self._client.was_fruitful else self._fruitless + 1
        why = self._client.unable or f"{_MOST_FRUITLESS} supervisors have ended before they made one"
        self._drop_supervisor(lost=True)
        if self._client.unable or self._fruitless == _MOST_FRUITLESS:
            raise NoProcesses(why)
        self._lose_all()

    def _drop_supervisor(self, *, lost: bool = False) -> None:
        if self._client.is_open:
            self._selector.unregister(self._client)
            self._writes = False
            self._arrivals, self._departures = Arrivals(), Departures()
            self._client.close(lost=lost)
