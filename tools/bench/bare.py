"""What the machine itself needs, for the benchmarks to stand beside."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

__all__ = ["array_by_hand", "bare_forks", "fork_and_wait", "peak_of_tree"]

_ARRAY = 256 << 20


def fork_and_wait(count: int) -> None:
    """Fork ``count`` times, each with a pipe, a byte and a wait, one after the other."""
    for _ in range(count):
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.write(write, b"x")
            os._exit(0)
        os.close(write)
        os.read(read, 1)
        os.close(read)
        os.waitpid(pid, 0)


def bare_forks(count: int) -> float:
    """Return the seconds that ``count`` forks take, one after the other.

    The process is as large as a runner's, because what a fork costs grows with it.
    """
    import pyperunner_cache
    import pyperunner_results
    import pyperunner_runner.runner

    assert all((pyperunner_cache, pyperunner_results, pyperunner_runner))
    began = time.perf_counter()
    fork_and_wait(count)
    return time.perf_counter() - began


def array_by_hand(folder: str) -> None:
    """Write 256 MiB with ``tofile`` in one process, map them in four others and sum a quarter in each."""
    file = os.path.join(folder, "array")
    _in_processes([lambda: _write(file)])
    _in_processes([lambda start=start: _sum(file, start) for start in range(2)])
    _in_processes([lambda start=start: _sum(file, start) for start in range(2, 4)])


def _write(file: str) -> None:
    import numpy as np

    np.arange(_ARRAY // 8, dtype=np.float64).tofile(file)


def _sum(file: str, start: int) -> None:
    import numpy as np

    float(np.memmap(file, dtype=np.float64, mode="r")[start::4].sum())


def _in_processes(works: list[Callable[[], object]]) -> None:
    pids = []
    for work in works:
        pid = os.fork()
        if pid == 0:
            work()
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)


def peak_of_tree(work: Callable[[], object]) -> tuple[float, int]:
    """Return the seconds that ``work`` takes and the most memory in bytes that the processes it starts use together.

    What several of them share counts once (the sum of their proportional set sizes).
    """
    import psutil

    done, peak = threading.Event(), [0]

    def watch() -> None:
        while not done.wait(0.01):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            peak[0] = max(peak[0], total)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    try:
        work()
    finally:
        seconds = time.perf_counter() - began
        done.set()
        watcher.join()
    return seconds, peak[0]
