"""Line to an agent on a Dask worker: sends what is to be sent, asks for what has come, and says when it is cut."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyperunner_dask.relay import OPERATION, hold, install
from pyperunner_runner.remote import Received

if TYPE_CHECKING:
    from pyperunner_runner.remote.workers import News

__all__ = ["Line"]

_WAIT_SECONDS = 1.0  # that an agent with nothing to say lets a question wait
_PAUSE_SECONDS = 0.1  # before a question is asked again
_MARGIN_SECONDS = 2.0  # that an agent has to end everything when its lease has run out
_DIRECT_SECONDS = 2.0  # for a worker to answer over a connection of our own
_MOST_SENT = 4 << 20


class Line:
    """A line to one worker; all of it happens on the client's loop.

    Args:
        client: The client.
        worker: Name of the worker in this run.
        address: Its address.
        id: What tells it from another one at that address.
        slots: How many jobs it takes at once.
        run: Name of the run.
        lease: Seconds without a word after which the agent ends everything.
        tell: Takes what has come.
        leave: Called with the worker and a reason when the line is cut.

    Attributes:
        over: Whether the line is cut.
        refused: Whether that was because the worker is not wanted.
        unreachable: Whether that was because the worker is out of reach.
    """

    def __init__(
        self,
        client: Any,
        worker: str,
        address: str,
        id: object,  # noqa: A002 - as Dask calls it
        slots: int,
        run: str,
        lease: float,
        tell: Callable[[News], None],
        leave: Callable[[str, str], None],
    ) -> None:
        self._client, self.worker, self.address, self.id = client, worker, address, id
        self.slots = slots
        self._run, self._lease, self._tell, self._leave = f"{run} {worker}", lease, tell, leave
        self.over = self.refused = self.unreachable = False
        self._direct = False
        self._outbox: deque[bytes] = deque()
        self._filled = asyncio.Event()
        self._answered = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []
        self._held: Any = None

    @property
    def is_held(self) -> bool:
        """Whether a task of Dask's says that the worker is at work."""
        return self._held is not None and not self.over

    def open(self) -> None:
        """Begin: have an agent started."""
        self._tasks.append(asyncio.ensure_future(self._begin()))

    def send(self, data: bytes) -> None:
        """Have bytes sent."""
        self._outbox.append(data)
        self._filled.set()

    def cut(self) -> None:
        """End the line; the agent ends by itself."""
        self.over = True
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        if self._held is not None:
            self._held.release()

    async def close(self) -> None:
        """End the agent, which may just be starting, and the line."""
        self.refused = True
        if self._tasks and not self.over:
            await asyncio.wait(self._tasks[:1], timeout=self._lease)
        self.cut()
        if not self.unreachable:
            try:
                await asyncio.wait_for(self._ask("close"), self._lease)
            except (OSError, TimeoutError, asyncio.TimeoutError):
                pass

    async def _ask(self, action: str, **given: Any) -> dict[str, Any]:
        message = {"action": action, "run": self._run, **given}
        if self._direct:
            answer: dict[str, Any] = await getattr(self._client.rpc(self.address), OPERATION)(**message)
        else:
            answer = await self._client.scheduler.proxy(msg={"op": OPERATION, **message}, worker=self.address)
        self._answered = time.monotonic()
        return answer

    async def _begin(self) -> None:
        try:
            await self._client.run(install, workers=[self.address], asynchronous=True)
            await self._find_way()
            await self._ask("open", lease=self._lease)
        except ModuleNotFoundError as error:
            self._leave(self.worker, f"{error}; install pyperunner-dask there, and what it needs")
            return
        except Exception as error:  # whatever a worker of another version answers
            self._leave(self.worker, f"no agent could be started: {type(error).__name__}: {error}")
            return
        if self.refused:
            return
        self._held = self._client.submit(
            hold, self._run, key=f"pyperunner-{self._run}-{self.worker}", workers=[self.address], pure=False
        )
        self._tasks += [asyncio.ensure_future(self._listen()), asyncio.ensure_future(self._speak())]

    async def _find_way(self) -> None:
        """Find out whether the worker can be reached without going by the scheduler, which then has less to do."""
        if self._client.direct_to_workers is False:  # its owner has said that it can't be, or is not to be
            return
        self._direct = True
        try:
            await asyncio.wait_for(self._ask("find"), _DIRECT_SECONDS)
        except (OSError, TimeoutError, asyncio.TimeoutError):
            self._direct = False

    async def _listen(self) -> None:
        got = 0
        while not self.over:
            try:
                answer = await asyncio.wait_for(self._ask("poll", got=got, wait=_WAIT_SECONDS), self._patience)
            except (OSError, TimeoutError, asyncio.TimeoutError) as error:
                if self._is_cut(error):
                    return
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            for number, chunk in enumerate(answer.get("chunks", ()), answer.get("first", got)):
                if number == got:
                    got += 1
                    self._tell(Received(self.worker, bytes(chunk)))
            if answer.get("gone"):
                self._leave(self.worker, answer["gone"])
                return

    async def _speak(self) -> None:
        number = 0
        while not self.over:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox and not self.over:
                pieces: list[bytes] = []
                size = 0
                while self._outbox and (size < _MOST_SENT or not pieces):
                    pieces.append(self._outbox.popleft())
                    size += len(pieces[-1])
                await self._send(number, b"".join(pieces))
                number += 1

    async def _send(self, number: int, data: bytes) -> None:
        while not self.over:
            try:
                await asyncio.wait_for(self._ask("send", number=number, data=data), self._patience)
            except (OSError, TimeoutError, asyncio.TimeoutError):
                await asyncio.sleep(_PAUSE_SECONDS)  # whether the line is cut, who listens finds out
            else:
                return

    @property
    def _patience(self) -> float:
        return max(1.0, self._answered + self._lease + _MARGIN_SECONDS - time.monotonic())

    def _is_cut(self, error: BaseException) -> bool:
        silent = time.monotonic() - self._answered
        if silent < self._lease + _MARGIN_SECONDS:
            return False
        self.unreachable = True
        self._leave(self.worker, f"nothing was heard of it for {silent:.0f} s ({error or type(error).__name__})")
        return True
