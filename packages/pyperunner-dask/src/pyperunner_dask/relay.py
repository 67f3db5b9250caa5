"""Relay: what a Dask worker does for a run. It starts an agent, and passes bytes between it and the runner.

It lives in the worker's own loop, does not look into what it passes on, and ends the agent when nothing is heard of the
runner for the length of its lease.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import deque
from typing import Any

from pyperunner_runner.remote import KEEP_ALIVE

__all__ = ["OPERATION", "hold", "install"]

OPERATION = "pyperunner"
"""Name of the handler that a worker gets."""

_READ_SIZE = 1 << 18
_MOST_HELD = 8 << 20  # bytes that wait for the runner, before the agent waits
_MOST_SENT = 4 << 20  # bytes in one answer
_BEAT_SECONDS = 1.0
_SILENCE_SECONDS = 90.0  # of an agent, which may have to import a lot before it answers
_END_SECONDS = 5.0

_relays: dict[str, _Relay] = {}


async def install(dask_worker: Any) -> None:
    """Let a worker take what runs of pyperunner ask of it; it asks for nothing and keeps nothing until one does."""
    dask_worker.handlers[OPERATION] = _handle


async def hold(run: str) -> None:
    """Be a task of Dask's for as long as a run has an agent here, so that nobody takes the worker for idle."""
    relay = _relays.get(run)
    if relay is not None:
        await relay.over.wait()


async def _handle(action: str, run: str, **given: Any) -> dict[str, Any]:
    """Do what the runner asks for; a run of which nothing is known is gone."""
    if action == "open":
        if run not in _relays:
            relay = _relays[run] = _Relay(run, given["lease"])
            await relay.start()
        return {"gone": ""}
    known = _relays.get(run)
    if known is None:
        return {"gone": "it was started anew"}
    known.heard = time.monotonic()
    if action == "poll":
        return await known.poll(given["got"], given["wait"])
    if action == "send":
        await known.send(given["number"], given["data"])
    elif action == "close":
        await known.close("the run is over")
    return {"gone": known.gone}


class _Relay:
    def __init__(self, run: str, lease: float) -> None:
        self._run, self._lease = run, lease
        self.heard = time.monotonic()
        self.gone = ""
        self.over = asyncio.Event()
        self._chunks: deque[bytes] = deque()
        self._first = 0  # number of the first of them
        self._held = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._next = 0  # number of what is to be sent next
        self._beat = self._said = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pyperunner_runner.remote", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2 if _is_open(2) else subprocess.DEVNULL,
                start_new_session=True,
            )
        self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=_READ_SIZE)
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]

    async def poll(self, got: int, wait: float) -> dict[str, Any]:
        """Return what has come from the agent, beginning with chunk number ``got``, as soon as there is something."""
        while self._chunks and self._first < got:
            self._held -= len(self._chunks.popleft())
            self._first += 1
        if self._held < _MOST_HELD:
            self._room.set()
        self._keep_alive()
        if not self._chunks and not self.gone:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), wait)
            except (TimeoutError, asyncio.TimeoutError):
                pass
        chunks, size = [], 0
        for chunk in self._chunks:
            if size > _MOST_SENT:
                break
            chunks.append(chunk)
            size += len(chunk)
        gone = self.gone if len(chunks) == len(self._chunks) else ""
        if gone:
            self._begin_to_close(gone)
        return {"first": self._first, "chunks": chunks, "gone": gone}

    async def send(self, number: int, data: bytes) -> None:
        """Pass on what comes from the runner, each piece once."""
        if number == self._next and not self.gone:
            self._next += 1
            self._writer.write(data)

    async def close(self, why: str) -> None:
        """End the agent, which ends all that runs; return when it has ended."""
        await asyncio.shield(self._begin_to_close(why))

    def _begin_to_close(self, why: str) -> asyncio.Task[None]:
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(why))
        return self._closing

    async def _close(self, why: str) -> None:
        self.gone = self.gone or why
        self.over.set()
        self._news.set()
        self._writer.close()
        for _ in range(int(_END_SECONDS / 0.02)):
            if self._process.poll() is not None:
                break
            await asyncio.sleep(0.02)
        else:
            self._process.kill()
            self._process.wait()
        for task in self._tasks:
            task.cancel()
        _relays.pop(self._run, None)

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now - self._beat >= _BEAT_SECONDS and not self.gone:
            self._beat = now
            self._writer.write(KEEP_ALIVE)

    async def _read(self) -> None:
        while True:
            await self._room.wait()
            try:
                data = await self._reader.read(_READ_SIZE)
            except OSError:
                data = b""
            if not data:
                break
            self._said = time.monotonic()
            self._chunks.append(data)
            self._held += len(data)
            if self._held >= _MOST_HELD:
                self._room.clear()
            self._news.set()
        self.gone = self.gone or "its agent has ended"
        self._news.set()

    async def _watch(self) -> None:
        while not self.over.is_set():
            await asyncio.sleep(min(0.5, self._lease / 4))
            now = time.monotonic()
            if now - self.heard > self._lease:
                self._begin_to_close("nothing was heard of the runner")
            elif now - self._said > _SILENCE_SECONDS and not self.gone:
                self._process.kill()


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
