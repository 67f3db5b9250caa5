"""What a task costs on two Dask workers: ``python tools/bench/cluster.py [--tasks N …] [--size MIB]``.

No-op tasks, as plain futures of Dask and through the executor ``dask``, with the pool and with a process for each
task on the workers; what it takes to hand a large output from one worker to the other, through a shared folder and
through S3 (of moto, in a process of its own), beside bare calls; and how long it takes until a lost worker is noticed.
With ``--pipefunc PYTHON`` also what pipefunc takes on a cluster like it, scheduler and workers in that Python's
environment, beside plain futures there. All of it is processes of this machine. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import distributed

from pyperunner_dag import Task, open_store, task
from pyperunner_dask import DaskExecutor
from pyperunner_runner.ports import Ended, Job, Session, Started

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore


@task("Noop", receives_input=False)
def noop(i: int) -> int:
    return i


@task("Sleep", receives_input=False)
def sleep() -> None:
    time.sleep(60)


@task("Make", receives_input=False)
def make(size: int) -> bytes:
    return os.urandom(size)


@task("Length")
def length(data: list[bytes]) -> int:
    return len(data[0])


def plain(i: int) -> int:
    return i


PIPEFUNC = """
import sys, time
import distributed
from pipefunc import Pipeline, pipefunc

@pipefunc("y", mapspec="x[i] -> y[i]")
def noop(x):
    return x

def plain(x):
    return x

if __name__ == "__main__":
    address, count, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with distributed.Client(address, set_as_default=False) as client:
        executor = client.get_executor()
        pipeline = Pipeline([noop])
        for number in (4, count):
            began = time.perf_counter()
            client.gather(client.map(plain, range(number), pure=False))
            plainly = time.perf_counter() - began
            began = time.perf_counter()
            pipeline.map({"x": list(range(number))}, run_folder=f"{folder}/{number}", executor=executor, chunksizes=1)
        print(plainly, time.perf_counter() - began)
"""


@contextmanager
def cluster(
    folder: Path, workers: int, python: str = sys.executable
) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(kind: str, *options: str) -> Path:
        log = folder / f"{kind}{len(started)}.log"
        with log.open("wb") as out:
            command = [python, "-m", f"distributed.cli.dask_{kind}", *options, "--host", "127.0.0.1"]
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


def pipefunc(python: str, count: int, folder: Path) -> tuple[float, float]:
    """Return the seconds of plain futures, and of a map of pipefunc over so many numbers, a task of Dask's for each."""
    folder.mkdir()
    program = folder / "by_pipefunc.py"
    program.write_text(PIPEFUNC, encoding="utf-8")
    with cluster(folder, 2, python) as (address, _):
        command = [python, str(program), address, str(count), str(folder / "runs")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    plainly, took = map(float, done.stdout.split()[-2:])
    return plainly, took


@contextmanager
def s3(folder: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    """Serve S3 on loopback, with a bucket ``bench``; yield the file system, and the options with which it is opened."""
    import s3fs  # type: ignore[import-untyped]

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "bench")
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    with (folder / "moto.log").open("wb") as out:
        server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stdout=out, stderr=out)
    try:
        while True:
            with socket.socket() as trial:
                if not trial.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.05)
        options = {"endpoint_url": f"http://127.0.0.1:{port}"}
        files = s3fs.S3FileSystem(**options)
        files.mkdir("bench")
        yield files, options
    finally:
        server.kill()
        server.wait()


def handed_on(address: str, store: OutputStore, size: int) -> list[float]:
    """Return the seconds that it takes to make and store an output of so many bytes, and to load it elsewhere."""
    first = make(size=size)
    second = length()(first)
    tasks: dict[str, Task] = {each.name: each for each in (first, second)}
    for each in tasks.values():
        each.bind(store)
    executor = DaskExecutor(Session(tasks, store, store.spec(), 1), address=address)
    took = []
    try:
        for name in tasks:
            began = time.perf_counter()
            executor.start(Job(name))
            while not (ended := [event for event in executor.wait(None) if isinstance(event, Ended)]):
                pass
            took.append(time.perf_counter() - began)
            if ended[0].outcome.kind != "stored":
                sys.exit(str(ended[0]))
    finally:
        executor.close()
    return took


def large(size: int) -> None:
    """Print what a large output takes through both kinds of store, and what bare calls take for the same bytes."""
    with tempfile.TemporaryDirectory() as name, s3(Path(name)) as (bare, options):
        began = time.perf_counter()
        data = os.urandom(size)
        print(f"{size >> 20} MiB: made in {time.perf_counter() - began:.2f} s", flush=True)
        stores = {
            "a folder": (open_store(Path(name, "data")), str(Path(name, "bare")), open),
            "S3": (open_store("s3://bench/cache", storage_options=options), "bench/bare", bare.open),
        }
        with cluster(Path(name), 2) as (address, _):
            for kind, (store, place, opened) in stores.items():
                calls = []
                for mode in ("wb", "rb"):
                    began = time.perf_counter()
                    with opened(place, mode) as file:
                        file.write(data) if mode == "wb" else file.read()
                        if opened is open and mode == "wb":
                            os.fsync(file.fileno())
                    calls.append(time.perf_counter() - began)
                made, loaded = handed_on(address, store, size)
                said = f"{size >> 20} MiB through {kind}: made and stored in {made:.2f} s, loaded in {loaded:.2f} s"
                print(f"{said}; bare: written in {calls[0]:.2f} s, read in {calls[1]:.2f} s", flush=True)


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
    parser.add_argument("--size", type=int, default=1024, metavar="MIB", help="of an output that is handed on")
    parser.add_argument("--pipefunc", metavar="PYTHON", help="of an environment with pipefunc")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, cluster(Path(name), 2) as (address, _):
        for count in options.tasks:
            plainly = futures(address, count)
            print(f"{count} tasks, plain futures: {plainly:.2f} s, {1000 * plainly / count:.2f} ms each", flush=True)
            for kind in ("pool", "process"):
                ready, took = ours(address, count, Path(name, f"{kind}{count}"), kind)
                each, ratio = f"{1000 * took / count:.2f} ms each", f"{took / plainly:.1f} times futures"
                print(f"{count} tasks, {kind}: {took:.2f} s, {each}, {ratio}; ready in {ready:.2f} s", flush=True)
            if options.pipefunc:
                plainly, took = pipefunc(options.pipefunc, count, Path(name, f"pipefunc{count}"))
                each, ratio = f"{1000 * took / count:.2f} ms each", f"{took / plainly:.1f} times futures"
                print(f"{count} tasks, pipefunc: {took:.2f} s, {each}, {ratio}", flush=True)
    if options.size:
        large(options.size << 20)
    for signum, lease in ((signal.SIGKILL, 10.0), (signal.SIGSTOP, 10.0)):
        with tempfile.TemporaryDirectory() as name:
            seconds = noticed(Path(name), signum, lease)
        print(
            f"{signal.Signals(signum).name} of a worker, lease {lease:g} s: noticed after {seconds:.2f} s", flush=True
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
