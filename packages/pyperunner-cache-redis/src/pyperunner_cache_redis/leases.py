"""Leases: exclusive locks that the server frees when their holder gives no sign of life any more.

A lock is a string that runs out after the length of a lease, by the server's clock alone, and that its holder renews. A
holder that was stopped for longer than that can wake up beside the next one. Both then make the same entry, which
costs time and nothing else.

Source: https://redis.io/docs/latest/develop/clients/patterns/distributed-locks (of a single instance)
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from types import TracebackType

from pyperunner_cache import LockTimeoutError
from pyperunner_cache_redis.scripts import RELEASE, RENEW
from pyperunner_cache_redis.server import Server, translating

__all__ = ["Lease"]

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5


class Lease:
    """A context manager that holds the lock of a key.

    Args:
        server: Where it is kept.
        name: What it is called there.
        key: What is locked.
        timeout: Seconds to wait at most; ``None`` waits for ever.
        seconds: Without a sign of life for so long, a holder counts as dead.
    """

    def __init__(self, server: Server, name: bytes, key: str, timeout: float | None, seconds: float) -> None:
        self._server, self._name, self._key = server, name, key
        self._timeout, self._seconds = timeout, seconds
        self._mine = os.urandom(16).hex()
        self._holder = 0
        self._done = threading.Event()

    def __enter__(self) -> Lease:
        begin, pause = time.monotonic(), _SHORTEST_PAUSE
        with translating("lock", self._key, self._server.url):
            while not self._took():
                if self._timeout is not None and time.monotonic() - begin >= self._timeout:
                    raise LockTimeoutError(f"the lock of {self._key!r}", self._server.url, self._timeout)
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
        self._holder = os.getpid()
        threading.Thread(target=self._renew, name="pyperunner lease", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holder != os.getpid():
            return  # a child that was forked inside the block leaves it: the lock is its parent's
        self._done.set()
        with contextlib.suppress(Exception):  # a lease that can't be given back runs out by itself
            self._server.call(RELEASE, [self._name], [self._mine])

    def _took(self) -> bool:
        client = self._server.client
        if client.set(self._name, self._mine, nx=True, px=self._milliseconds):
            return True
        return bool(client.get(self._name) == self._mine.encode())  # the answer to an earlier try was lost

    @property
    def _milliseconds(self) -> int:
        return max(1, int(self._seconds * 1000))

    def _renew(self) -> None:
        while not self._done.wait(self._seconds / 3):
            # What fails succeeds the next time, or somebody takes the lock over.
            with contextlib.suppress(Exception):
                if not self._server.call(RENEW, [self._name], [self._mine, self._milliseconds]):
                    return
