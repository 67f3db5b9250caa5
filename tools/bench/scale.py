"""What very many tasks and very long logs cost: ``python tools/bench/scale.py [--tasks N] [--log-mb N]``.

Prints the time and the largest memory of the runner of so many small tasks, the time, memory and size of their report,
and how long so many megabytes of log take, in blocks and line by line. Each figure comes from a process of its own.
Nothing is asserted.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pyperunner import Pipeline, Runner, Task, task

_LINE = "a line of a log that is as long as lines of logs are, with a number here and there: 12345 and 0.678\n"


@task("Load", receives_input=False)
def load(n: int) -> int:
    return n


@task("Step")
def step(data: list[int], n: int) -> int:
    return n


@task("Talk", receives_input=False)
def talk(megabytes: int, block: int) -> None:
    """Print lines, so many at a time."""
    text = _LINE * block
    for _ in range((megabytes << 20) // len(text)):
        print(text, end="")


def many(count: int) -> list[Task]:
    """Return roots, each with nine tasks that follow it."""
    roots: list[Task] = [load(str(n), n=n) for n in range(count // 10)]
    for n, root in enumerate(roots):
        for child in range(9):
            step(f"{n}.{child}", n=child)(root)
    return roots


def own_peak() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"


def run(kind: str, amount: int, folder: str, executor: str) -> None:
    """Do one kind of work in this process and say what it took."""
    began = time.perf_counter()
    runner = Runner(f"{folder}/data", f"{folder}/runs", 2, executor=executor)
    if kind == "report":
        from pyperunner_results import write_report

        [record] = Path(folder, "runs").glob("many_*")
        page = Path(write_report(record))
        print(f"report: {time.perf_counter() - began:.1f} s, {page.stat().st_size / 1e6:.1f} MB, peak {own_peak()}")
    elif kind == "tasks":
        pipeline = Pipeline("many", many(amount))
        made = own_peak()
        runner.run(pipeline)
        print(f"{amount} tasks: {time.perf_counter() - began:.1f} s, peak {own_peak()} ({made} before the run)")
    else:
        runner.run(Pipeline(kind, [talk(megabytes=amount, block=1 if kind == "lines" else 1000)]))
        took = time.perf_counter() - began
        print(f"{amount} MiB of log, {kind}: {took:.1f} s, {took / amount * 1024:.0f} s per GiB, peak {own_peak()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--log-mb", type=int, default=1024)
    parser.add_argument("--executor", default="pool")
    parser.add_argument("--only", nargs=2, metavar=("KIND", "FOLDER"))
    chosen = parser.parse_args()
    amounts = {"tasks": chosen.tasks, "report": chosen.tasks, "lines": chosen.log_mb, "blocks": chosen.log_mb}
    if chosen.only:
        run(chosen.only[0], amounts[chosen.only[0]], chosen.only[1], chosen.executor)
        return
    with tempfile.TemporaryDirectory() as folder:
        for kind, amount in amounts.items():
            if amount:
                subprocess.run([sys.executable, *sys.argv, "--only", kind, folder], check=True)


if __name__ == "__main__":
    main()
