"""A single-threaded process, made by the runner once per run, that makes one child for every order it gets.

Why not fork from the runner itself: after each fork the kernel makes every page the parent touches a fault, so a
parent that goes on working pays for each child again; and a parent with threads must not fork at all if it can be
helped. The nursery touches little, has no threads, and forks while the runner does other things. Because it is the
*subreaper* of everything its tasks start, a process that has escaped its task's session becomes a child of the
nursery and can be told from any stranger.

It speaks frames over a socket: in come ``("start", name, order)`` with three descriptors and ``("stop", name, kill)``;
out go ``("started", name, pid)``, ``("refused", name, why)`` and ``("ended", name, facts)``. When the socket closes, or
the runner dies, it ends everything and itself.
"""

from __future__ import annotations

import errno
import gc
import os
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from pyperunner_runner.child.messages import FrameBuffer, pack
from pyperunner_runner.executors.supervisor.descendants import Orphans
from pyperunner_runner.processes import posix

__all__ = ["Children", "Fds", "Nursery"]

Fds = tuple[int, int, int]

_FDS_PER_JOB = 3
_FORK_RETRY_SECONDS = (0.01, 1.0)  # first and longest pause while the system has no room for another process
_FORK_PATIENCE_SECONDS = 30.0  # with no child of ours that could make room by ending
_NO_ROOM = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class Children(Protocol):
    """How the nursery makes a child."""

    def start(self, order: Any, fds: Fds, mark: str, leave_behind: Callable[[], None]) -> int:
        """Make a child that carries out ``order``, and return its process id.

        Args:
            order: What the runner wants of it.
            fds: Write ends, or sockets, that are the child's alone.
            mark: Value of the variable that ties whatever the child starts to it.
            leave_behind: To be called in a child that is a copy of the nursery: closes what is not the child's.

        Raises:
            OSError: There is no room for another process.
        """
        ...


class Nursery:
    """The server side; ``serve`` runs it in a process of its own.

    Args:
        control: This side's end of a stream socket pair.
        make_children: Called once, in the nursery's process, before the first order.
    """

    def __init__(self, control: socket.socket, make_children: Callable[[], Children]) -> None:
        self._control = control
        self._make_children = make_children
        self._frames = FrameBuffer()
        self._fds: list[int] = []
        self._running: dict[int, str] = {}
        self._queue: list[tuple[str, Any, Fds]] = []
        self._retry_at = 0.0
        self._pause = _FORK_RETRY_SECONDS[0]
        self._waiting_since: float | None = None
        self._stopping = False

    def serve(self, runner: int) -> None:
        """Work until the runner is gone; never returns.

        Args:
            runner: Its process id.
        """
        self._orphans = Orphans()
        try:
            posix.hold_signals_back()
            posix.lead_session()
            posix.adopt_orphans()
            self._kills = posix.OutOfMemoryKills()
            self._children = self._make_children()
            gc.freeze()  # nothing of the runner's is garbage here; collecting it would copy its pages
            self._loop(runner)
        except BaseException:
            traceback.print_exc()  # the runner sees the socket close and reports the tasks as lost
        finally:
            self._orphans.end_everything(self._running)
            os._exit(0)

    def _loop(self, runner: int) -> None:
        # Both ends live as long as the process: children end, and wake it, to the last.
        self._wake, self._wake_write = socket.socketpair()
        for end in (self._wake, self._wake_write):
            end.setblocking(False)
        posix.wake_on_child_end(self._wake_write.fileno())
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ, self._receive)
            selector.register(self._wake, selectors.EVENT_READ, self._drain_wake)
            # A process that the user forked may hold the socket open when the runner is killed.
            runner_end = posix.end_of_process(runner)
            if runner_end is not None:
                selector.register(runner_end, selectors.EVENT_READ, self._stop_serving)
            while not self._stopping and os.getppid() == runner:
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
            data, fds, _, _ = socket.recv_fds(self._control, 1 << 16, 256)
        except ConnectionResetError:  # the runner left without reading our last words
            data, fds = b"", []
        self._fds += fds
        if not data:
            self._stopping = True
            return
        for kind, name, detail in self._frames.feed(data):
            if kind == "start":
                first, second, third = (self._fds.pop(0) for _ in range(_FDS_PER_JOB))
                self._queue.append((name, detail, (first, second, third)))
            else:
                self._stop(name, kill=detail)

    def _stop(self, name: str, kill: bool) -> None:
        for pid, running in self._running.items():
            if running == name:
                self._orphans.signal(name, pid, signal.SIGKILL if kill else signal.SIGTERM)
                return
        self._unqueue(name, "it was stopped before there was a process for it")

    def _start_queued(self) -> None:
        now = time.monotonic()
        while self._queue and now >= self._retry_at:
            name, order, fds = self._queue[0]
            mark = self._orphans.mark(name)
            try:
                pid = self._children.start(order, fds, mark, self._leave_behind)
            except OSError as error:
                self._orphans.forget(name)
                if error.errno not in _NO_ROOM:
                    raise
                self._back_off(now, error)
                return
            self._running[pid] = name
            self._send(("started", name, pid))
            self._queue.pop(0)
            self._pause = _FORK_RETRY_SECONDS[0]
            self._waiting_since = None
            for fd in fds:
                os.close(fd)

    def _leave_behind(self) -> None:
        """In a forked child: close what belongs to the nursery and to jobs that come later."""
        self._control.close()
        for _, _, later in self._queue[1:]:
            for fd in later:
                os.close(fd)

    def _back_off(self, now: float, error: OSError) -> None:
        self._waiting_since = self._waiting_since or now
        if not self._running and now - self._waiting_since > _FORK_PATIENCE_SECONDS:
            why = f"no process could be made for {_FORK_PATIENCE_SECONDS:.0f} s: {error.strerror}"
            self._unqueue(self._queue[0][0], why)
            self._waiting_since = None
        self._retry_at = now + self._pause
        self._pause = min(2 * self._pause, _FORK_RETRY_SECONDS[1])

    def _unqueue(self, name: str, why: str) -> None:
        for index, (queued, _, fds) in enumerate(self._queue):
            if queued == name:
                del self._queue[index]
                for fd in fds:
                    os.close(fd)
                self._send(("refused", name, why))
                return

    def _reap(self) -> None:
        while (pid := posix.ended_child()) is not None:
            name = self._running.pop(pid, None)
            if name is None:
                os.waitpid(pid, 0)
                continue
            # Before the number is free: whatever the task left in its session ends with it.
            killed = self._orphans.end_group(name, pid)
            _, status, usage = os.wait4(pid, 0)
            self._orphans.end_rest(name, pid, self._running)
            self._send(("ended", name, posix.exit_facts(status, usage, None if killed else self._kills)))

    def _send(self, message: object) -> None:
        try:
            self._control.sendall(pack(message))
        except OSError:
            self._stopping = True
