"""Workers of a Dask cluster, as ``RemoteExecutor`` uses them: who is there, and a line to the agent on each.

What goes over a line goes through Dask's own connections, with their TLS: straight to the worker where it can be
reached, else by way of the scheduler. Nothing is put down on the scheduler, so that nothing stays there.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import select
import time
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent import futures
from typing import TYPE_CHECKING, Any

from pyperunner_dask.line import Line
from pyperunner_dask.relay import hold
from pyperunner_runner.remote import ClusterLost, Joined, Left

if TYPE_CHECKING:
    from pyperunner_runner.remote.workers import News

__all__ = ["DaskWorkers"]

_LOOK_SECONDS = 0.5
_CLOSE_SECONDS = 10.0
_MOST_WISHES = 100
_NOWHERE = "tcp://0.0.0.0:1"  # where no worker is


class DaskWorkers:
    """All workers of a cluster, those that join later included.

    Args:
        client: A client of the cluster, whose loop runs in a thread of its own.
        lease: Seconds without a word from this process after which an agent ends everything.
    """

    def __init__(self, client: Any, lease: float) -> None:
        self._client, self._lease = client, lease
        self._loop = client.loop.asyncio_loop
        self._run = uuid.uuid4().hex
        self._news: deque[News | Exception] = deque()
        self._listener, self._caller = os.pipe()
        os.set_blocking(self._caller, False)
        self._lines: dict[str, Line] = {}
        self._seen: dict[str, int] = {}
        self._numbers = itertools.count()
        self._wanted = 0
        self._wishes: list[Any] = []
        self._reached = time.monotonic()
        self._closed = False
        try:
            self._on_loop(self._look())
        except (OSError, futures.TimeoutError) as error:
            os.close(self._listener)
            os.close(self._caller)
            raise ClusterLost(str(client), str(error)) from error
        self._watching = asyncio.run_coroutine_threadsafe(self._watch(), self._loop)

    def take(self, timeout: float | None, wake: int | None = None) -> Sequence[News]:
        """See ``Workers.take``."""
        if not self._news:
            select.select([self._listener, *([] if wake is None else [wake])], [], [], timeout)
        if select.select([self._listener], [], [], 0)[0]:
            os.read(self._listener, 4096)
        found: list[News] = []
        while self._news:
            news = self._news.popleft()
            if isinstance(news, Exception):
                raise news
            found.append(news)
        return found

    def send(self, worker: str, data: bytes) -> None:
        """See ``Workers.send``."""
        line = self._lines.get(worker)
        if line is not None:
            self._loop.call_soon_threadsafe(line.send, data)

    def drop(self, worker: str) -> None:
        """See ``Workers.drop``."""
        line = self._lines.get(worker)
        if line is not None:
            asyncio.run_coroutine_threadsafe(line.close(), self._loop)

    def want(self, jobs: int) -> None:
        """See ``SupportsDemand.want``."""
        self._wanted = jobs  # whoever looks who is there sees to it

    def close(self) -> None:
        """See ``Workers.close``."""
        if self._closed:
            return
        self._closed = True
        self._watching.cancel()
        try:
            self._on_loop(self._close_all())
        except (OSError, TimeoutError, asyncio.TimeoutError, futures.TimeoutError):  # the agents end by themselves
            pass
        os.close(self._listener)
        os.close(self._caller)

    def _on_loop(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_CLOSE_SECONDS + 20)

    # -- on the loop -----------------------------------------------------------------------------------------------

    def _tell(self, news: News | Exception) -> None:
        if not self._closed:
            self._news.append(news)
            try:
                os.write(self._caller, b"x")
            except BlockingIOError:  # it can be read in any case
                pass

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await asyncio.wait_for(self._look(), self._lease)
            except (OSError, TimeoutError, asyncio.TimeoutError) as error:
                if time.monotonic() - self._reached > self._lease:
                    cause = f"nothing was heard of it for {self._lease:g} s ({error or type(error).__name__})"
                    self._tell(ClusterLost(f"the scheduler {self._address}", cause))
                    return

    @property
    def _address(self) -> str:
        return str(getattr(getattr(self._client, "scheduler", None), "address", "of the cluster"))

    async def _look(self) -> None:
        """See who is there."""
        there: Mapping[str, Mapping[str, Any]] = (await self._client.scheduler.identity())["workers"]
        self._reached = time.monotonic()
        for worker, line in list(self._lines.items()):
            if not line.over and (line.address not in there or there[line.address].get("id") != line.id):
                line.unreachable = True
                self._leave(worker, "the scheduler does not know it any more")
        at_work = {line.address for line in self._lines.values() if not line.over}
        for address, about in there.items():
            if address not in at_work and about.get("status", "running") == "running":
                self._join(address, about)
        self._wish()

    def _wish(self) -> None:
        """Let an adaptive cluster see what waits for workers: by tasks of Dask's that no worker can take.

        It asks for as many threads as there are tasks, those that hold a worker included. What they take counts as
        long as what has held a worker so far, so that the first worker comes before the others do.
        """
        held = [line for line in self._lines.values() if line.is_held]
        lacks = self._wanted > sum(line.slots for line in held)
        count = min(self._wanted - len(held), _MOST_WISHES) if lacks else 0
        while len(self._wishes) > count:
            self._wishes.pop().release()
        while len(self._wishes) < count:
            key = f"pyperunner-{self._run}-{next(self._numbers)}"
            self._wishes.append(self._client.submit(hold, "", key=key, workers=[_NOWHERE], pure=False))

    def _join(self, address: str, about: Mapping[str, Any]) -> None:
        count = self._seen[address] = self._seen.get(address, 0) + 1
        if count > 1 and self._lines.get(address) is not None and self._lines[address].refused:
            return
        worker = address if count == 1 else f"{address} ({count})"
        slots, of = int(about["nthreads"]), (self._run, self._lease, self._tell, self._leave)
        line = Line(self._client, worker, address, about.get("id"), slots, *of)
        self._lines[worker] = line
        self._tell(Joined(worker, slots, dict(about.get("resources") or {})))
        line.open()

    def _leave(self, worker: str, why: str) -> None:
        line = self._lines[worker]
        if not line.over:
            line.cut()
            self._tell(Left(worker, why))

    async def _close_all(self) -> None:
        self._wanted = 0
        self._wish()
        closing = [line.close() for line in self._lines.values()]
        await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), _CLOSE_SECONDS)
