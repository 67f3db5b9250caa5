"""Side by side: work in threads that end with it, so that a process that forks afterwards is single-threaded again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

__all__ = ["WAITING", "side_by_side"]

WAITING = 16
"""Threads for what waits for a disk: so many reads at once keep one busy (a quarter of the time)."""

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """Yield ``work(item)`` for each item in order; no more than twice as many as ``threads`` are under way.

    Args:
        work: Called in any of the threads; what it raises is raised here.
        items: Taken one by one, in this thread.
        threads: How many; with one there is no thread but this.
    """
    if threads < 2:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor

    waiting: deque[Callable[[], R]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                try:
                    waiting.append(pool.submit(work, item).result)
                except RuntimeError:  # the interpreter is about to end, and starts no thread any more
                    waiting.append(partial(work, item))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft()()
            while waiting:
                yield waiting.popleft()()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
