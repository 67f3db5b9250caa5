"""A single-threaded process, forked from the runner once per run, that forks one child for every task.

Why not fork from the runner itself: after each fork the kernel makes every page the parent touches a fault, so a
parent that goes on working pays for each child again; and a parent with threads must not fork at all if it can be
helped. The nursery touches little, has no threads, and forks while the runner does other things. Because it is the
*subreaper* of everything its tasks start, a process that has escaped its task's session becomes a child of the
nursery and can be told from any stranger.

It speaks frames over a socket: in come ``("start", job)`` with three descriptors and ``("stop", task, kill)``; out go
``("started", task, pid)`` and ``("ended", task, pid, code, cpu, max_rss)``. When the socket closes, or the runner
dies, it ends everything and itself.
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
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pyperunner_runner import _posix
from pyperunner_runner._child import ChildKit
from pyperunner_runner._frames import FrameBuffer, pack

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task
    from pyperunner_runner.ports import Job

__all__ = ["Nursery"]

_FDS_PER_JOB = 3
_FORK_RETRY_SECONDS = (0.01, 1.0)  # first and longest pause while the system has no room for another process
_FORK_PATIENCE_SECONDS = 30.0  # with no child of ours that could make room by ending


class Nursery:
    """The server side; built in the runner, run in the forked process by ``serve``.

    Args:
        control: This side's end of a stream socket pair.
        tasks: Every task, by name.
        open_store: Opens the store anew in a child.
    """

    def __init__(
        self, control: socket.socket, tasks: Mapping[str, Task], open_store: Callable[[], OutputStore]
    ) -> None:
        self._control = control
        self._tasks = tasks
        self._open_store = open_store
        self._frames = FrameBuffer()
        self._fds: list[int] = []
        self._running: dict[int, str] = {}
        self._marks: dict[str, str] = {}
        self._queue: list[tuple[Job, tuple[int, int, int]]] = []
        self._retry_at = 0.0
        self._pause = _FORK_RETRY_SECONDS[0]
        self._waiting_since: float | None = None
        self._stopping = False

    def serve(self, runner: int) -> None:
        """Work until the runner is gone; never returns.

        Args:
            runner: Its process id.
        """
        try:
            _posix.hold_signals_back()
            _posix.lead_session()
            _posix.adopt_orphans()
            self._kit = ChildKit(self._open_store)
            gc.freeze()  # nothing of the runner's is garbage here; collecting it would copy its pages
            self._loop(runner)
        except BaseException:
            traceback.print_exc()  # the runner sees the socket close and reports the tasks as lost
        finally:
            self._end_everything()
            os._exit(0)

    def _loop(self, runner: int) -> None:
        # Both ends live as long as the process: children end, and wake it, to the last.
        self._wake, self._wake_write = socket.socketpair()
        for end in (self._wake, self._wake_write):
            end.setblocking(False)
        _posix.wake_on_child_end(self._wake_write.fileno())
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ, self._receive)
            selector.register(self._wake, selectors.EVENT_READ, self._drain_wake)
            # A process that the user forked may hold the socket open when the runner is killed.
            runner_end = _posix.end_of_process(runner)
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
        try:
            while self._wake.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _receive(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._control, 1 << 16, 256)
        except ConnectionResetError:  # the runner left without reading our last words
            data, fds = b"", []
        self._fds += fds
        if not data:
            self._stopping = True
            return
        for message in self._frames.feed(data):
            if message[0] == "start":
                messages, stdout, stderr = (self._fds.pop(0) for _ in range(_FDS_PER_JOB))
                self._queue.append((message[1], (messages, stdout, stderr)))
            else:
                _, task, kill = message
                self._stop(task, signal.SIGKILL if kill else signal.SIGTERM)

    def _stop(self, task: str, signum: int) -> None:
        for pid, name in self._running.items():
            if name == task:
                _posix.signal_group(pid, signum)

    def _start_queued(self) -> None:
        now = time.monotonic()
        while self._queue and now >= self._retry_at:
            job, fds = self._queue[0]
            try:
                self._fork(job, fds)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.ENOMEM):
                    raise
                self._back_off(now)
                return
            self._queue.pop(0)
            self._pause = _FORK_RETRY_SECONDS[0]
            self._waiting_since = None
            for fd in fds:
                os.close(fd)

    def _back_off(self, now: float) -> None:
        self._waiting_since = self._waiting_since or now
        if not self._running and now - self._waiting_since > _FORK_PATIENCE_SECONDS:
            job, fds = self._queue.pop(0)
            for fd in fds:
                os.close(fd)
            self._send(("refused", job.task, f"no process could be made for {_FORK_PATIENCE_SECONDS:.0f} s"))
            self._waiting_since = None
        self._retry_at = now + self._pause
        self._pause = min(2 * self._pause, _FORK_RETRY_SECONDS[1])

    def _fork(self, job: Job, fds: tuple[int, int, int]) -> None:
        mark = f"{os.getpid()}:{job.attempt}:{job.task}"
        pid = os.fork()
        if pid == 0:
            self._control.close()
            for _, later in self._queue[1:]:
                for fd in later:
                    os.close(fd)
            self._kit.run(job, self._tasks[job.task], fds, mark)
        self._running[pid] = job.task
        self._marks[job.task] = mark
        self._send(("started", job.task, pid))

    def _reap(self) -> None:
        while (pid := _posix.ended_child()) is not None:
            task = self._running.get(pid)
            if task is not None:
                # Before the number is free: whatever the task left in its session ends with it.
                _posix.signal_group(pid, signal.SIGKILL)
            _, status, usage = os.wait4(pid, 0)
            if task is None:
                continue
            del self._running[pid]
            self._end_orphans(self._marks.pop(task))
            cpu = usage.ru_utime + usage.ru_stime
            code = _posix.exit_code(status)
            self._send(("ended", task, pid, code, cpu, _posix.bytes_of_max_rss(usage.ru_maxrss)))

    def _end_orphans(self, mark: str) -> None:
        for pid in _posix.children(os.getpid()):
            if pid not in self._running and _posix.marked(pid, mark):
                os.kill(pid, signal.SIGKILL)

    def _send(self, message: object) -> None:
        try:
            self._control.sendall(pack(message))
        except OSError:
            self._stopping = True

    def _end_everything(self) -> None:
        for pid in self._running:
            _posix.signal_group(pid, signal.SIGKILL)
        # Orphans come to this process as their parents end, so look until none is left.
        deadline = time.monotonic() + 1.0
        while (children := _posix.children(os.getpid())) and time.monotonic() < deadline:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
