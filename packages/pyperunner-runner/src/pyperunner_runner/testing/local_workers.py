"""Workers on this machine, each an agent over a socket pair: to try an executor of remote jobs without a cluster."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence

from pyperunner_runner.child.messages import pack
from pyperunner_runner.remote.messages import KeepAlive
from pyperunner_runner.remote.workers import Joined, Left, News, Received

__all__ = ["LocalWorkers"]

_READ_SIZE = 1 << 18
_BEAT_SECONDS = 0.3


class LocalWorkers:
    """Workers that are processes of this machine.

    Args:
        slots: How many jobs each takes at once, by its name.
        resources: How much each has of what tasks ask for, by its name.
        environment: Variables of theirs besides those of this process.
        silence: Seconds without a word after which an agent that has said one counts as gone.

    Attributes:
        processes: The agents, by the name of the worker.
    """

    def __init__(
        self,
        slots: Mapping[str, int],
        *,
        resources: Mapping[str, Mapping[str, float]] | None = None,
        environment: Mapping[str, str] | None = None,
        silence: float = 30.0,
    ) -> None:
        self._environment = {**os.environ, **(environment or {})}
        self._silence = silence
        self._news: deque[News] = deque()
        self._sockets: dict[str, socket.socket] = {}
        self._heard: dict[str, float] = {}
        self._beat = 0.0
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        for name, count in slots.items():
            self.add(name, count, (resources or {}).get(name, {}))

    def add(self, name: str, slots: int = 1, resources: Mapping[str, float] | None = None) -> None:
        """Let a worker join."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "pyperunner_runner.remote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=self._environment,
            )
        ours.setblocking(False)
        self._sockets[name] = ours
        self._news.append(Joined(name, slots, resources or {}))

    def take(self, timeout: float | None, wake: int | None = None) -> Sequence[News]:
        """See ``Workers.take``."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self._news:
            self._keep_alive()
            left = _BEAT_SECONDS if deadline is None else min(_BEAT_SECONDS, deadline - time.monotonic())
            ends = {each.fileno(): name for name, each in self._sockets.items()}
            ready, _, _ = select.select([*ends, *([] if wake is None else [wake])], [], [], max(0.0, left))
            for fd in ready:
                if fd in ends:
                    self._read(ends[fd])
            self._look_at_the_clock()
            if wake in ready or (deadline is not None and time.monotonic() >= deadline):
                break
        news = list(self._news)
        self._news.clear()
        return news

    def send(self, worker: str, data: bytes) -> None:
        """See ``Workers.send``."""
        found = self._sockets.get(worker)
        if found is None:
            return
        try:
            found.setblocking(True)
            found.settimeout(self._silence)
            found.sendall(data)
        except OSError as error:
            self._let_go(worker, str(error))
        else:
            found.setblocking(False)

    def drop(self, worker: str) -> None:
        """See ``Workers.drop``."""
        if worker in self._sockets:
            self._sockets.pop(worker).close()

    def close(self) -> None:
        """See ``Workers.close``."""
        for name in list(self._sockets):
            self.drop(name)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _keep_alive(self) -> None:
        if time.monotonic() - self._beat >= _BEAT_SECONDS:
            self._beat = time.monotonic()
            for name in list(self._sockets):
                self.send(name, pack(KeepAlive()))

    def _read(self, name: str) -> None:
        try:
            data = self._sockets[name].recv(_READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._heard[name] = time.monotonic()
        if data:
            self._news.append(Received(name, data))
        else:
            self._let_go(name, "its agent has ended")

    def _look_at_the_clock(self) -> None:
        for name in list(self._sockets):
            silent = time.monotonic() - self._heard.get(name, time.monotonic())
            if silent > self._silence:
                self._let_go(name, f"nothing was heard of it for {silent:.0f} s")

    def _let_go(self, name: str, why: str) -> None:
        if name in self._sockets:
            self._sockets.pop(name).close()
            self._news.append(Left(name, why))
