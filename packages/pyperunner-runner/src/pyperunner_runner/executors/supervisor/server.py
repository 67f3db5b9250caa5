"""Supervisor: a single-threaded process, made by the runner once per run, that makes, watches and ends its children.

Why not fork from the runner itself: after each fork the kernel makes every page the parent touches a fault, so a
parent that goes on working pays for each child again; and a parent with threads must not fork at all if it can be
helped. The supervisor touches little, has no threads, and forks while the runner does other things. Because it is the
*subreaper* of everything its tasks start, a process that has escaped its task's session becomes a child of the
supervisor and can be told from any stranger. Between the two stands a ``guard``, for the day that one of them is gone.

What the two say to each other is in ``protocol``.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable
from typing import NamedTuple

from pyperunner_runner.child.messages import FrameBuffer, pack
from pyperunner_runner.executors.no_room import NO_ROOM, NO_ROOM_SECONDS
from pyperunner_runner.executors.supervisor.descendants import Descendants
from pyperunner_runner.executors.supervisor.guard import stand_guard
from pyperunner_runner.executors.supervisor.protocol import (
    AreYouThere,
    ChildCommand,
    ChildEnded,
    ChildRefused,
    ChildStarted,
    Fds,
    Launcher,
    LeaveChild,
    Obeyed,
    Report,
    Serving,
    ShowStacks,
    StartChild,
    StopChild,
    Unable,
)
from pyperunner_runner.processes import posix, tree
from pyperunner_runner.processes.control_groups import ControlGroup

__all__ = ["Supervisor"]

_FDS_PER_CHILD = 3
# Taken before modules of the tasks may put gevent's in their place.
_Selector, _socketpair = selectors.DefaultSelector, socket.socketpair
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
_FORK_RETRY_SECONDS = (0.01, 1.0)  # first and longest pause while the system has no room for another process
_END_SECONDS = 1.0


class _Queued(NamedTuple):
    """A child that is to be made."""

    name: str
    command: ChildCommand
    launcher: Launcher | None
    fds: Fds


class Supervisor:
    """The server side; ``serve`` runs it in a process of its own.

    Args:
        control: This side's end of a stream socket pair.
        mark: With which the marks of all that its children start begin.
        make_launcher: Called once, in the supervisor's process, before the first child is made.
        group: Of this process and all that it starts.
    """

    def __init__(
        self,
        control: socket.socket,
        mark: str,
        make_launcher: Callable[[], Launcher],
        group: ControlGroup = ControlGroup(),  # noqa: B008 - it is frozen
    ) -> None:
        self._control = control
        self._group = group
        self._descendants = Descendants(mark)
        self._make_launcher = make_launcher
        self._frames = FrameBuffer()
        self._fds: list[int] = []
        self._running: dict[int, str] = {}
        self._queue: list[_Queued] = []
        self._retry_at = 0.0
        self._pause = _FORK_RETRY_SECONDS[0]
        self._waiting_since: float | None = None
        self._stopping = False

    def serve(self, runner: int) -> None:
        """Work until the runner is gone; never returns.

        Args:
            runner: Its process id.
        """
        parent = runner
        try:
            posix.hold_signals_back()
            posix.occupy_standard_descriptors()  # files of the runner's, closed in its copies, may have been there
            parent = stand_guard(runner, self._control, self._group)
            posix.lead_session()
            posix.adopt_orphans()
            self._send(Serving(os.getpid()))
            self._kills = posix.OutOfMemoryKills()
            self._launcher = self._make_launcher()
            gc.freeze()  # nothing of the runner's is garbage here; collecting it would copy its pages
            self._loop(runner, parent)
        except BaseException as error:
            traceback.print_exc()
            self._send(Unable(f"{type(error).__name__}: {error}"))
        finally:
            tree.end_children(_END_SECONDS)
            if parent != runner:
                self._part_from(parent, runner)
            os._exit(0)

    def _part_from(self, guard: int, runner: int) -> None:
        """Let the guard end what is left; do it here if it is gone or may not: stopped, or frozen without a runner."""
        if os.getppid() == guard:
            if not tree.is_ending(runner):
                os.kill(guard, signal.SIGCONT)
                return
            os.kill(guard, signal.SIGKILL)
        self._group.leave()
        self._group.kill()
        self._group.remove()

    def _loop(self, runner: int, parent: int) -> None:
        # Both ends live as long as the process: children end, and wake it, to the last.
        self._wake, self._wake_write = _socketpair()
        for end in (self._wake, self._wake_write):
            end.setblocking(False)
        posix.wake_on_child_end(self._wake_write.fileno())
        with posix.new_selector(_Selector) as self._selector:
            selector = self._selector
            selector.register(self._control, selectors.EVENT_READ, self._receive)
            selector.register(self._wake, selectors.EVENT_READ, self._drain_wake)
            # A process that the user forked may hold the socket open when the runner is killed.
            for process in {runner, parent}:
                if (over := posix.end_of_process(process)) is not None:
                    selector.register(over, selectors.EVENT_READ, self._stop_serving)
            while not self._stopping and os.getppid() == parent:
                timeout = max(0.0, self._retry_at - time.monotonic()) if self._queue else None
                for key, _ in selector.select(timeout):
                    key.data()
                self._reap()
                self._start_queued()

    def _stop_serving(self) -> None:
        self._stopping = True

    def _drain_wake(self) -> None:
        self._wake.recv(4096)  # what is left makes the selector say so again

    def _receive(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._control, 1 << 16, 256, _CLOSE_ON_EXEC)
        except ConnectionResetError:  # the runner left without reading our last words
            data, fds = b"", []
        self._fds += fds
        if not data:
            self._stopping = True
            return
        for message in self._frames.feed(data):
            self._obey(message)

    def _obey(self, message: StartChild | StopChild | LeaveChild | ShowStacks | AreYouThere) -> None:
        if isinstance(message, StartChild):
            first, second, third = (self._fds.pop(0) for _ in range(_FDS_PER_CHILD))
            self._queue.append(_Queued(message.name, message.command, message.launcher, (first, second, third)))
            return
        if isinstance(message, StopChild):
            self._stop(message.name, kill=message.kill)
        elif isinstance(message, (LeaveChild, ShowStacks)):
            for pid in [pid for pid, name in self._running.items() if name == message.name]:
                if isinstance(message, LeaveChild):
                    self._running[pid] = ""
                else:
                    os.kill(pid, posix.SHOW_STACKS)
        self._send(Obeyed(message.name if isinstance(message, LeaveChild) else ""))

    def _stop(self, name: str, kill: bool) -> None:
        for pid, running in self._running.items():
            if running == name:
                self._descendants.signal(name, pid, signal.SIGKILL if kill else signal.SIGTERM)
                return
        self._unqueue(name, "it was stopped before there was a process for it")

    def _start_queued(self) -> None:
        now = time.monotonic()
        while self._queue and now >= self._retry_at:
            name, command, launcher, fds = self._queue[0]
            mark = self._descendants.mark(name)
            try:
                pid = (launcher or self._launcher).start(command, fds, mark, self._leave_behind)
            except OSError as error:
                self._descendants.forget(name)
                if error.errno not in NO_ROOM:
                    raise
                self._back_off(now, error)
                return
            self._running[pid] = name
            self._send(ChildStarted(name, pid))
            self._queue.pop(0)
            self._pause = _FORK_RETRY_SECONDS[0]
            self._waiting_since = None
            for fd in fds:
                os.close(fd)

    def _leave_behind(self) -> None:
        """In a forked child: close what belongs to the supervisor and to children that come later."""
        for own in (self._control, self._wake, self._wake_write, self._selector):
            own.close()
        for later in self._queue[1:]:
            for fd in later.fds:
                os.close(fd)

    def _back_off(self, now: float, error: OSError) -> None:
        self._waiting_since = self._waiting_since or now
        if not self._running and now - self._waiting_since > NO_ROOM_SECONDS:
            why = f"no process could be made for {NO_ROOM_SECONDS:.0f} s: {error.strerror}"
            for queued in list(self._queue):  # who comes later does not wait as long
                self._unqueue(queued.name, why)
        self._retry_at = now + self._pause
        self._pause = min(2 * self._pause, _FORK_RETRY_SECONDS[1])

    def _unqueue(self, name: str, why: str) -> None:
        for index, queued in enumerate(self._queue):
            if queued.name == name:
                del self._queue[index]
                for fd in queued.fds:
                    os.close(fd)
                self._send(ChildRefused(name, why))
                return

    def _reap(self) -> None:
        while (pid := posix.ended_child()) is not None:
            name = self._running.pop(pid, None)
            if name is None:
                os.waitpid(pid, 0)
                continue
            # Before the number is free: whatever the task left in its session ends with it.
            killed = self._descendants.end_group(name, pid)
            _, status, usage = os.wait4(pid, 0)
            self._descendants.end_rest(name, pid, self._running)
            if name:  # else it was left
                self._send(ChildEnded(name, posix.exit_of(status, usage, None if killed else self._kills)))

    def _send(self, report: Report | Serving | Obeyed | Unable) -> None:
        try:
            self._control.sendall(pack(report))
        except OSError:
            self._stopping = True
