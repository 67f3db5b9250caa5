"""What a mapped task costs beside a fan of as many tasks: plan, run with the pool, warm run, one element more, memory.

python tools/bench/maps.py 10000
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time

from pyperunner import Pipeline, Runner, task


@task("Files")
def files(count: int) -> list[str]:
    """Return as many names."""
    return [f"file {number}" for number in range(count)]


@task("Clean")
def clean(path: str) -> int:
    """Do next to nothing."""
    return len(path)


@task("Sum")
def total(parts: list[int]) -> int:
    """Take the whole list, as a mapped task gives it."""
    return sum(parts)


@task("SumOfParents")
def total_of_parents(data: list[int]) -> int:
    """Take the whole list, as connected parents give it."""
    return sum(data)


def mapped(count: int) -> Pipeline:
    """Return a pipeline that is mapped over a list of ``count``."""
    return Pipeline("mapped", [total(parts=clean.map(path=files(count=count)))])


def fan(count: int) -> Pipeline:
    """Return a pipeline of ``count`` tasks that were written."""
    parts = [clean(str(number), path=f"file {number}") for number in range(count)]
    return Pipeline("fan", [total_of_parents()(parts)])


def measure(kind: str, count: int, folder: str) -> dict[str, float]:
    """Plan and run once; seconds (``cpu`` those of processors, children included), mebibytes, what was executed."""
    began = time.perf_counter()
    pipeline = {"mapped": mapped, "fan": fan}[kind](count)
    runner = Runner(f"{folder}/data", f"{folder}/log", executor="pool")
    made = time.perf_counter()
    runner.set_pipeline(pipeline)
    runner.analyze_pipeline()
    planned = time.perf_counter()
    runner.run()
    ended = time.perf_counter()
    record = runner.results().record
    executed = sum(bool(found.by_attempt) for found in record.tasks.values()) if record else 0
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(each.ru_utime + each.ru_stime for each in spent)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times = {"make": made - began, "plan": planned - made, "run": ended - planned, "cpu": cpu}
    return {**times, "executed": executed, "MiB": peak}


def main() -> None:
    """Print one line for each measurement, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.count, options.folder)))
        return
    for kind in ("mapped", "fan"):
        with tempfile.TemporaryDirectory() as folder:
            for what, count in (("cold", 0), ("warm", 0), ("one more", 1)):
                command = [sys.executable, __file__, "--one", kind, "--folder", folder, str(options.count + count)]
                found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                print(
                    f"{kind:7}{what:9}", "  ".join(f"{name} {value:.2f}" for name, value in found.items()), flush=True
                )


if __name__ == "__main__":
    main()
