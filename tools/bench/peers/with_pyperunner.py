"""The graphs of pipelines.py in pyperunner: ``python with_pyperunner.py GRAPH [EXECUTOR]``; prints the run's seconds.

``planning`` prints the seconds to build, hash and plan a chain of 100,000 tasks and the peak in MiB; ``array`` hands
256 MiB to four consumers; ``many`` runs 10,000 tasks and prints what grows, per 1,000 tasks.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from itertools import pairwise
from typing import Any

from pyperunner import Pipeline, Runner, task
from pyperunner_dag import open_store

ARRAY = 256 << 20


@task("Value")
def value(x: int, seconds: float = 0.0) -> int:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return x


@task("Linked")
def linked(data: list[Any], x: int = 0) -> int:
    return x


@task("Make")
def make() -> Any:
    import numpy as np

    return np.arange(ARRAY // 8, dtype=np.float64)


@task("Consume")
def consume(array: Any, start: int) -> float:
    return float(array[start::4].sum())


@task("Reduce")
def reduce(data: list[float]) -> float:
    return sum(data)


def fan(count: int) -> Pipeline:
    leaves = [value(str(i), x=i) for i in range(count)]
    linked("total")(leaves)
    return Pipeline("fan", leaves)


def whole() -> Pipeline:
    """The fan as a target of the command."""
    return fan(1000)


def chain(count: int) -> Pipeline:
    steps = [linked(str(i), x=i) for i in range(count)]
    for parent, child in pairwise(steps):
        child(parent)
    return Pipeline("chain", [steps[0]])


def layered() -> Pipeline:
    rows = [[linked(f"{depth}-{column}") for column in range(10)] for depth in range(20)]
    for upper, lower in pairwise(rows):
        for child in lower:
            child(upper)
    return Pipeline("layered", rows[0])


def array() -> Pipeline:
    source = make()
    reduce()([consume(str(n), array=source, start=n) for n in range(4)])
    return Pipeline("array", [source])


GRAPHS = {
    "fan": lambda: fan(1000),
    "chain": lambda: chain(400),
    "layered": layered,
    "busy": lambda: Pipeline("busy", [value(str(i), x=i, seconds=0.05) for i in range(64)]),
    "array": array,
    "many": lambda: fan(10_000),
}


def plan() -> None:
    began = time.perf_counter()
    pipeline = chain(100_000)
    runner = Runner("data", "runs")
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


class Growth:
    """A hook that notes this process's memory, descriptors and threads every 100 tasks."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int]] = []
        self.count = 0

    def __call__(self, event: object) -> None:
        if type(event).__name__ == "TaskFinished":
            self.count += 1
            if self.count % 100 == 0:
                with open("/proc/self/statm") as file:
                    pages = int(file.read().split()[1])
                self.seen.append((pages * 4096, len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))))

    def slopes(self) -> list[float]:
        """Return the growth of each figure per 1,000 tasks, by least squares over all but the first fifth."""
        rows = self.seen[len(self.seen) // 5 :]
        middle = (len(rows) - 1) / 2
        spread = sum((n - middle) ** 2 for n in range(len(rows)))
        return [sum((n - middle) * row[i] for n, row in enumerate(rows)) / spread * 10 for i in range(3)]


def main() -> None:
    if sys.argv[1] == "planning":
        plan()
        return
    pipeline, growth = GRAPHS[sys.argv[1]](), Growth()
    hooks = [growth] if sys.argv[1] == "many" else []
    store = open_store("data", codec="raw") if sys.argv[1] == "array" else "data"
    runner = Runner(store, "runs", 2, executor=(sys.argv[2:] or ["process"])[0], hooks=hooks)
    began = time.perf_counter()
    runner.run(pipeline, raise_on_failure=True)
    print(time.perf_counter() - began, *(growth.slopes() if hooks else []))


if __name__ == "__main__":
    main()
