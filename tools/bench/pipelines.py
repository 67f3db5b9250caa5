"""Times whole pipelines beside other tools and the bare machine: ``python tools/bench/pipelines.py [CASE ...]``.

Prints one table. The same graphs run in pyperunner and, in an environment of their own that uv makes on first use, in
doit, joblib, pipefunc, luigi and kedro (``--no-peers`` leaves them out). Figures of one row were taken one right after
the other, each in a new process and an empty folder, so that they can be compared although the machine's speed drifts;
of several repetitions the fastest counts. Beside them stands what the machine itself needs. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bare import array_by_hand, bare_forks, peak_of_tree

SCRIPTS = Path(__file__).parent / "peers"
PEERS = ("doit", "joblib", "pipefunc", "luigi", "kedro")
EXECUTORS = {"pyperunner": "process", "pyperunner pool": "pool"}
TASKS = {"fan": 1001, "chain": 400, "layered": 200}
_LIMIT = 300.0


@dataclass
class Bench:
    """What the cases need.

    Attributes:
        peers: Interpreter of the environment with the other tools, ``None`` without them.
        repeats: How often each figure is taken.
        folder: Where everything is done.
    """

    peers: Path | None
    repeats: int
    folder: Path

    def tools(self) -> list[str]:
        """Return the names of all tools, ours first."""
        return [*EXECUTORS, *(PEERS if self.peers else ())]

    def command(self, tool: str, graph: str) -> list[str]:
        """Return what runs a graph in a tool."""
        if tool in EXECUTORS:
            return [sys.executable, str(SCRIPTS / "with_pyperunner.py"), graph, EXECUTORS[tool]]
        return [str(self.peers), str(SCRIPTS / f"with_{tool}.py"), graph]

    def run(self, tool: str, graph: str, folder: Path) -> tuple[list[float], float]:
        """Run a graph; return the figures that the script prints, and the processor time of all its processes."""
        # As users have it: bytecode is kept between runs, and what the script prints is all that is said.
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        before = _busy_of_children()
        done = subprocess.run(
            self.command(tool, graph), cwd=folder, env=env, capture_output=True, text=True, timeout=_LIMIT
        )
        busy = _busy_of_children() - before
        if done.returncode:
            raise RuntimeError((done.stderr.strip().splitlines() or ["it failed"])[-1][:80])
        return [float(figure) for figure in done.stdout.strip().splitlines()[-1].split()], busy

    def fastest(self, tool: str, graph: str) -> tuple[float, float]:
        """Return the least of the seconds that a graph takes, and the least processor time."""
        taken = [self.run(tool, graph, self.new_folder()) for _ in range(self.repeats)]
        return min(figures[0] for figures, _ in taken), min(busy for _, busy in taken)

    def new_folder(self) -> Path:
        """Return an empty folder."""
        return Path(tempfile.mkdtemp(dir=self.folder))


def _busy_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


Row = tuple[str, str, str]


def row(case: str, tool: str, figure: Callable[[], str]) -> Row:
    """Return a line of the table; what fails says why in the place of its figure."""
    try:
        return case, tool, figure()
    except (RuntimeError, subprocess.SubprocessError, OSError) as error:
        return case, tool, f"not measured: {type(error).__name__ if not str(error) else error}"


def cold(graph: str) -> Callable[[Bench], Iterator[Row]]:
    """Return a case: seconds inside the run of a graph nothing of which is stored, per task."""

    def case(bench: Bench) -> Iterator[Row]:
        tasks = TASKS[graph]
        bare = min(bare_forks(tasks) for _ in range(bench.repeats)) / tasks * 1e3
        # The processor time is that of the whole process, imports included.
        yield f"{graph}, {tasks} tasks, cold", "bare fork, pipe, wait", f"{bare:.2f} ms per task"

        def figure(tool: str) -> str:
            took, busy = (seconds / tasks * 1e3 for seconds in bench.fastest(tool, graph))
            said = f"{took:.2f} ms per task, {busy:.2f} ms of processor time"
            return said + (f", {took / bare:.2f} x bare" if tool in EXECUTORS else "")

        for tool in bench.tools():
            yield row(f"{graph}, {tasks} tasks, cold", tool, lambda tool=tool: figure(tool))

    return case


def warm(bench: Bench) -> Iterator[Row]:
    """A fan of 1,001 tasks whose outputs are stored, as a whole process from start to end."""

    def figure(tool: str) -> str:
        folder = bench.new_folder()
        if tool == "pyperunner":
            command = [sys.executable, "-m", "pyperunner_cli", "run", f"{SCRIPTS / 'with_pyperunner.py'}:whole"]
        else:
            command = bench.command(tool, "fan")
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        took, busy = [], []
        for _ in range(bench.repeats + 4):
            began, before = time.perf_counter(), _busy_of_children()
            subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, timeout=_LIMIT)
            took.append(time.perf_counter() - began)
            busy.append(_busy_of_children() - before)
        said = f"{min(took[2:]):.2f} s (median {statistics.median(took[2:]):.2f} s)"
        return f"{said}, {min(busy[2:]):.2f} s of processor time"

    for tool in bench.tools():
        if tool not in ("pyperunner pool", "kedro"):  # the executor does not matter; kedro keeps nothing by itself
            yield row("1,001 stored tasks, whole process", tool, lambda tool=tool: figure(tool))


def planning(bench: Bench) -> Iterator[Row]:
    """A chain of 100,000 nodes, built and put in order."""
    for tool in ("pyperunner", *(["kedro"] if bench.peers else [])):

        def figure(tool: str = tool) -> str:
            (seconds, memory), busy = bench.run(tool, "planning", bench.new_folder())
            return f"{seconds:.1f} s, {memory:.0f} MiB, {busy:.1f} s of processor time"

        yield row("100,000 nodes planned", tool, figure)


def busy(bench: Bench) -> Iterator[Row]:
    """64 tasks of 50 ms of work on two cores: the share of the cores' time that was work."""
    for tool in bench.tools():
        if tool == "kedro":
            continue

        def figure(tool: str = tool) -> str:
            took, busy = bench.fastest(tool, "busy")
            return f"{64 * 0.05 / 2 / took:.0%} of two cores, {busy:.2f} s of processor time"

        yield row("64 tasks of 50 ms", tool, figure)


def array(bench: Bench) -> Iterator[Row]:
    """256 MiB handed to four consumers and what they return to a fifth task, beside doing that by hand."""
    case = "256 MiB to four consumers"
    seconds, memory = peak_of_tree(lambda: array_by_hand(str(bench.new_folder())))
    yield case, "tofile and memmap by hand", f"{seconds:.2f} s, {memory / 2**20:.0f} MiB"

    def figure() -> str:
        took, peak = peak_of_tree(lambda: bench.run("pyperunner", "array", bench.new_folder()))
        return f"{took:.2f} s, {took / seconds:.1f} x by hand, {peak / 2**20:.0f} MiB in all processes"

    yield row(case, "pyperunner, codec raw", figure)


def many(bench: Bench) -> Iterator[Row]:
    """10,000 tasks in one run: what the runner's own memory, descriptors and threads gain per 1,000 tasks."""
    for tool in EXECUTORS:

        def figure(tool: str = tool) -> str:
            seconds, memory, descriptors, threads = bench.run(tool, "many", bench.new_folder())[0]
            growth = f"{memory / 2**10:.0f} KiB, {descriptors:.2f} descriptors, {threads:.2f} threads per 1,000"
            return f"{growth}; {seconds / 10:.2f} ms per task"

        yield row("10,000 tasks in one run", tool, figure)


CASES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "fan": cold("fan"),
    "chain": cold("chain"),
    "layered": cold("layered"),
    "warm": warm,
    "planning": planning,
    "busy": busy,
    "array": array,
    "many": many,
}


def environment_of_peers(place: Path) -> Path | None:
    """Make an environment with the other tools; ``None`` if that cannot be done here, which is said."""
    python = place / "bin" / "python"
    uv = shutil.which("uv")
    if uv is None:
        print("Without uv there is nothing to compare with.", file=sys.stderr)
        return None
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(place)],
        [uv, "pip", "install", "--quiet", "--python", str(python), "--compile-bytecode", *PEERS, "numpy"],
    ):
        if subprocess.run(command).returncode:
            print("The other tools cannot be installed; the table goes without them.", file=sys.stderr)
            return None
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("case", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--no-peers", action="store_true", help="leave the other tools out")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="take each figure N times (%(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        peers = None if options.no_peers else environment_of_peers(Path(folder, "peers"))
        bench = Bench(peers, options.repeats, Path(folder))
        print(
            f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        )
        before = ""
        for name in options.case or CASES:
            for case, tool, figure in CASES[name](bench):
                print(f"{case if case != before else '':34}{tool:26}{figure}", flush=True)
                before = case


if __name__ == "__main__":
    main()
