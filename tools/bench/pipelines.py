"""Times whole pipelines beside what the machine itself costs: ``python tools/bench/pipelines.py [CASE ...]``.

Every figure stands beside a bare loop of ``os.fork``, or a bare start of Python, measured just before and after, so
that the ratio holds when the machine's speed drifts. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

FAN = """
    from pyperunner import Pipeline, task

    @task("Noop", receives_input=False)
    def noop(i):
        return i

    @task("Collect")
    def collect(data):
        return len(data)

    def pipeline():
        roots = [noop(str(i), i=i) for i in range(1000)]
        collect()(roots)
        return Pipeline("fan", roots)
"""
CHAIN = """
    from pyperunner import Sequential, task

    @task("Step")
    def step(data, i):
        return i

    def pipeline():
        return Sequential("chain", [step(str(i), i=i) for i in range(400)])
"""
LAYERED = """
    from pyperunner import Pipeline, task

    @task("Cell")
    def cell(data):
        return sum(data) + 1

    def pipeline():
        layers = [[cell(f"{depth}-{column}") for column in range(10)] for depth in range(20)]
        for upper, lower in zip(layers, layers[1:]):
            for child in lower:
                child(upper)
        return Pipeline("layered", layers[0])
"""
PLAN = """
    import sys, time
    from pyperunner import Pipeline, Runner, task

    @task("Step")
    def step(data, i):
        return i

    began = time.perf_counter()
    tasks = [step(str(i), i=i) for i in range(100_000)]
    for parent, child in zip(tasks, tasks[1:]):
        child(parent)
    pipeline = Pipeline("long", [tasks[0]])
    built = time.perf_counter()
    tasks[-1].hash()
    hashed = time.perf_counter()
    runner = Runner(sys.argv[1] + "/data", sys.argv[1] + "/runs")
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    planned = time.perf_counter()
    import resource
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{built - began:.2f} s to build, {hashed - built:.2f} s to hash, {planned - hashed:.2f} s to plan")
    print(f"{peak:.0f} MiB at most")
"""


def seconds(*command: str, cwd: str | None = None) -> float:
    """Return the wall time of a command as a whole process."""
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def median(measure: Callable[[], float], runs: int) -> float:
    """Return the median of ``runs`` measurements, after one that warms the caches."""
    measure()
    return statistics.median(measure() for _ in range(runs))


def bare_forks(count: int) -> float:
    """Return the seconds that ``count`` forks take, each with a pipe, a byte and a wait, one after the other."""
    began = time.perf_counter()
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
    return time.perf_counter() - began


def start_up(folder: str) -> Iterator[str]:
    """``import pyperunner`` and ``pyperunner --help`` beside a Python that does nothing."""
    bare = median(lambda: seconds(sys.executable, "-c", "pass"), 11)
    for name, command in (
        ("import pyperunner", (sys.executable, "-c", "import pyperunner")),
        ("pyperunner --help", (sys.executable, "-m", "pyperunner_cli", "--help")),
    ):
        took = median(lambda command=command: seconds(*command), 11)
        yield f"{name}: {took * 1e3:.0f} ms, {took / bare:.1f} times a bare Python ({bare * 1e3:.0f} ms)"


def graph(name: str, text: str, tasks: int) -> Callable[[str], Iterator[str]]:
    """Return a case that runs a pipeline cold and again warm."""

    def case(folder: str) -> Iterator[str]:
        Path(folder, f"{name}.py").write_text(textwrap.dedent(text))
        command = (sys.executable, "-m", "pyperunner_cli", "run", f"{name}.py:pipeline")
        before = bare_forks(tasks)
        cold = seconds(*command, cwd=folder)
        bare = (before + bare_forks(tasks)) / 2
        warm = median(lambda: seconds(*command, cwd=folder), 5)
        yield (
            f"{name}, {tasks} tasks: cold {cold:.2f} s, {cold / tasks * 1e3:.2f} ms per task, "
            f"{cold / bare:.2f} times bare forks ({bare / tasks * 1e3:.2f} ms each); warm {warm:.2f} s"
        )

    return case


def planning(folder: str) -> Iterator[str]:
    """Build, hash and plan a chain of 100,000 tasks."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PLAN), folder], check=True, capture_output=True, text=True
    )
    yield f"chain of 100,000 tasks: {', '.join(done.stdout.splitlines())}"


def flights(folder: str) -> Iterator[str]:
    """The flights example, cold and warm."""
    example = Path(__file__).parents[2] / "docs" / "examples" / "flights.py"
    command = (sys.executable, "-m", "pyperunner_cli", "run", str(example))
    cold = seconds(*command, cwd=folder)
    warm = median(lambda: seconds(*command, cwd=folder), 3)
    yield f"flights: cold {cold:.1f} s, warm {warm:.2f} s"


CASES: dict[str, Callable[[str], Iterator[str]]] = {
    "start": start_up,
    "fan": graph("fan", FAN, 1001),
    "chain": graph("chain", CHAIN, 400),
    "layered": graph("layered", LAYERED, 200),
    "planning": planning,
    "flights": flights,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("case", nargs="*", help=f"of {', '.join(CASES)}; all by default")
    for name in parser.parse_args().case or CASES:
        with tempfile.TemporaryDirectory() as folder:
            for line in CASES[name](folder):
                print(line, flush=True)


if __name__ == "__main__":
    main()
