"""What a task costs on two Dask workers: ``python tools/bench/cluster.py [--tasks N]``.

No-op tasks, as plain futures of Dask and through the executor ``dask``, with the pool and with a process for each
task on the workers; and how long it takes until a lost worker is noticed. All of it is processes of this machine.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import distributed

from pyperunner_dag import Task, open_store, task
from pyperunner_dask import DaskExecutor
from pyperunner_runner.ports import Ended, Job, Session, Started


@task("Noop", receives_input=False)
def noop(i: int) -> int:
    return i


@task("Sleep", receives_input=False)
def sleep() -> None:
    time.sleep(60)


def plain(i: int) -> int:
    return i


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(kind: str, *options: str) -> Path:
        log = folder / f"{kind}{len(started)}.log"
        with log.open("wb") as out:
            command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options, "--host", "127.0.0.1"]
            started.append(subprocess.Popen([*command, "--no-dashboard"], stdout=out, stderr=out, cwd=folder))
        return log

    def wait_for(log: Path, pattern: str) -> str:
        while not (found := re.search(pattern, log.read_text())):
            time.sleep(0.05)
        return found[1]

    try:
        address = wait_for(start("scheduler", "--port", "0"), r"Scheduler at: +(tcp://\S+)")
        for _ in range(workers):
            wait_for(start("worker", address, "--nthreads", "1", "--no-nanny"), r"Registered to: +(\S+)")
        yield address, started[1:]
    finally:
        for process in started:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


def futures(address: str, count: int) -> float:
    with distributed.Client(address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        client.gather(client.map(plain, range(4), pure=False))
        began = time.perf_counter()
        client.gather(client.map(plain, range(count), pure=False))
        return time.perf_counter() - began


def session(tasks: list[Task], folder: Path) -> Session:
    store = open_store(folder)
    for each in tasks:
        each.bind(store)
    return Session({each.name: each for each in tasks}, store, store.spec(), 2)


def ours(address: str, count: int, folder: Path, on_worker: str) -> tuple[float, float]:
    """Return the seconds until the workers are ready, and those that the tasks take."""
    tasks = [noop(str(i), i=i) for i in range(count + 4)]
    began = time.perf_counter()
    executor = DaskExecutor(session(tasks, folder), address=address, on_worker=on_worker)  # type: ignore[arg-type]
    ready = time.perf_counter() - began
    try:
        for number, each in enumerate(tasks):
            if number == 4:
                drain(executor, 0)
                began = time.perf_counter()
            drain(executor, executor.slots - 1)
            executor.start(Job(each.name))
            executor.running = getattr(executor, "running", 0) + 1  # type: ignore[attr-defined]
        drain(executor, 0)
        return ready, time.perf_counter() - began
    finally:
        executor.close()


def drain(executor: DaskExecutor, most: int) -> None:
    while getattr(executor, "running", 0) > most:
        ended = sum(isinstance(event, Ended) for event in executor.wait(None))
        executor.running -= ended  # type: ignore[attr-defined]


def noticed(folder: Path, signum: int, lease: float) -> float:
    """Return the seconds from the end of a worker until its job is reported as lost."""
    with cluster(folder, 1) as (address, (worker,)):
        executor = DaskExecutor(session([sleep()], folder / "data"), address=address, lease=lease)
        executor.start(Job("Sleep()"))
        while not any(isinstance(event, Started) for event in executor.wait(None)):
            pass
        os.kill(worker.pid, signum)
        began = time.perf_counter()
        while not any(isinstance(event, Ended) for event in executor.wait(None)):
            pass
        took = time.perf_counter() - began
        executor.close()
        return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, nargs="+", default=[200, 2000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), 2) as (address, _):
        for count in options.tasks:
            plainly = futures(address, count)
            print(f"{count} tasks, plain futures: {plainly:.2f} s, {1000 * plainly / count:.2f} ms each", flush=True)
            for kind in ("pool", "process"):
                ready, took = ours(address, count, Path(name, f"{kind}{count}"), kind)
                each, ratio = f"{1000 * took / count:.2f} ms each", f"{took / plainly:.1f} times futures"
                print(f"{count} tasks, {kind}: {took:.2f} s, {each}, {ratio}; ready in {ready:.2f} s", flush=True)
    for signum, lease in ((signal.SIGKILL, 10.0), (signal.SIGSTOP, 10.0)):
        with tempfile.TemporaryDirectory() as name:
            seconds = noticed(Path(name), signum, lease)
        print(
            f"{signal.Signals(signum).name} of a worker, lease {lease:g} s: noticed after {seconds:.2f} s", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
