"""What an executor costs per task, without schedule and record: ``python tools/bench/overhead.py [--tasks N]``.

The tasks do nothing. Each figure stands beside a bare loop of ``os.fork``, a pipe and ``waitpid`` in this very process,
which is as large as a runner's, measured just before and just after. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import gc
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice, pairwise

from bare import fork_and_wait

from pyperunner_dag import DAG, Task, open_store, task
from pyperunner_runner.executors.inline import InlineExecutor
from pyperunner_runner.executors.pool import PoolExecutor
from pyperunner_runner.executors.process import ProcessExecutor
from pyperunner_runner.ports import Ended, Executor, Job, Session

EXECUTORS: dict[str, Callable[[Session], Executor]] = {
    "process": ProcessExecutor,
    "pool": PoolExecutor,
    "inline": InlineExecutor,
}


@task("Noop", receives_input=False)
def noop(i: int) -> int:
    return i


@task("Step")
def step(data: list[int], i: int) -> int:
    return i


@dataclass
class Cost:
    """Wall time and processor time, of this process and those it has waited for, in seconds."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Cost:
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        return cls(time.perf_counter(), cpu)

    def since(self, before: Cost, count: int) -> Cost:
        return Cost((self.wall - before.wall) / count, (self.cpu - before.cpu) / count)


def bare_forks(count: int) -> Cost:
    """Return what a fork costs with a pipe, a byte and a wait, one after the other."""
    began = Cost.now()
    fork_and_wait(count)
    return Cost.now().since(began, count)


def fan(count: int) -> list[Task]:
    return [noop(str(i), i=i) for i in range(count)]


def chain(count: int) -> list[Task]:
    tasks = [step(str(i), i=i) for i in range(count)]
    for parent, child in pairwise(tasks):
        child(parent)
    return tasks


def execute(executor: Executor, tasks: Sequence[Task], at_once: int) -> None:
    """Carry out ``tasks`` in their order, ``at_once`` at a time."""
    waiting = iter(tasks)
    running = len([executor.start(Job(one.name)) for one in islice(waiting, at_once)])
    while running:
        for event in executor.wait(None):
            if isinstance(event, Ended):
                if event.outcome.kind != "stored":
                    raise RuntimeError(event.outcome)
                following = next(waiting, None)
                running -= following is None
                if following is not None:
                    executor.start(Job(following.name))


def measure(name: str, shape: str, count: int, workers: int) -> Iterator[str]:
    """Time one executor on one shape of graph."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder)
        tasks = fan(count) if shape == "fan" else chain(count)
        for one in DAG(tasks):
            one.bind(store)
            _ = one.fingerprint().packed, one.hash()
        gc.collect()
        gc.freeze()
        before = bare_forks(200)
        session = Session({one.name: one for one in tasks}, store, store.spec(), workers)
        began = Cost.now()
        with closing(EXECUTORS[name](session)) as executor:
            execute(executor, tasks, getattr(executor, "slots", workers) if shape == "fan" else 1)
        took = Cost.now().since(began, count)
        after = bare_forks(200)
        bare = Cost((before.wall + after.wall) / 2, (before.cpu + after.cpu) / 2)
        yield (
            f"{name}, {shape} of {count}, {workers} at once: {took.wall * 1e3:.2f} ms per task, "
            f"{took.wall / bare.wall:.2f} bare forks ({bare.wall * 1e3:.2f} ms); processor {took.cpu * 1e3:.2f} ms, "
            f"{took.cpu / bare.cpu:.2f} bare forks ({bare.cpu * 1e3:.2f} ms)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--executor", choices=list(EXECUTORS), action="append")
    chosen = parser.parse_args()
    for name in chosen.executor or EXECUTORS:
        for shape, workers in (("fan", 2), ("fan", 1), ("chain", 1)):
            if name != "inline" or workers == 1:
                for line in measure(name, shape, chosen.tasks, workers):
                    print(line, flush=True)


if __name__ == "__main__":
    main()
