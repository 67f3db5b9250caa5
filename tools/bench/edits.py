"""Replay the table of edits on us and on peers: ``python tools/bench/edits.py [--venv DIR] [TOOL …]``.

Every edit of ``packages/pyperunner-keys/tests/edits`` is a small project on disk. Its function is called through a tool
that caches, in a fresh process; the project is edited; the function is called again, in another process. What comes
back is compared with what an uncached call returns. *Wrong* is an old value, *wasted* a second execution although
nothing changes, *refused* an error of the tool's own.

The peers are installed, with uv, into an environment of their own: DIR, which is kept, or else a temporary one.
Another mode, ``python tools/bench/edits.py --fingerprint``, times our code fingerprints.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

EDITS = Path(__file__).resolve().parents[2] / "packages" / "pyperunner-keys" / "tests" / "edits"
PEERS = {"joblib": "joblib", "hamilton": "apache-hamilton", "pipefunc": "pipefunc", "redun": "redun"}
KINDS = ("right", "wrong", "listed", "wasted", "refused")
TOOLS = ("uncached", "pyperunner", *PEERS)


# -- in the process of a tool: each returns a function that calls flow.run through a cache --------------------------


def uncached() -> Callable[[Any, str], Any]:
    return lambda run, cache: run()


def pyperunner() -> Callable[[Any, str], Any]:
    import pyperunner as ours

    # What every child needs is imported once.
    import pyperunner_keys.code.fingerprint  # noqa: F401

    def call(run: Any, cache: str) -> Any:
        task = ours.task("Run")(run)()
        runner = ours.Runner(f"{cache}/data", f"{cache}/log", executor="inline")
        runner.run(ours.Pipeline("edits", [task]))
        if task.result is not None and task.result.exception is not None:
            raise task.result.exception
        return task.output, sorted(task.fingerprint().gaps)

    return call


def joblib() -> Callable[[Any, str], Any]:
    from joblib import Memory

    return lambda run, cache: Memory(cache, verbose=0).cache(run)()


def hamilton() -> Callable[[Any, str], Any]:
    from hamilton import ad_hoc_utils, driver

    def call(run: Any, cache: str) -> Any:
        run.__annotations__.setdefault("return", object)  # without it the function is refused
        nodes = ad_hoc_utils.create_temporary_module(run, module_name="nodes")
        return driver.Builder().with_modules(nodes).with_cache(path=cache).build().execute(["run"])["run"]

    return call


def pipefunc() -> Callable[[Any, str], Any]:
    from pipefunc import PipeFunc, Pipeline

    def call(run: Any, cache: str) -> Any:
        nodes = [PipeFunc(run, output_name="out", cache=True)]
        return Pipeline(nodes, cache_type="disk", cache_kwargs={"cache_dir": cache, "lru_shared": False})("out")

    return call


def redun() -> Callable[[Any, str], Any]:
    import logging

    from redun import Scheduler, task
    from redun.config import Config

    logging.disable(logging.CRITICAL)

    def call(run: Any, cache: str) -> Any:
        scheduler = Scheduler(config=Config({"backend": {"db_uri": f"sqlite:///{cache}/redun.db"}}))
        scheduler.load()
        return scheduler.run(task(namespace="bench", name="run")(run)())

    return call


def work(tool: str) -> None:
    """Read lines ``[project, cache]``, answer each with what the project's function returned, from a fresh process."""
    import contextlib
    import io
    import signal

    sys.dont_write_bytecode = True
    with contextlib.redirect_stdout(io.StringIO()):
        call = globals()[tool]()
    for line in sys.stdin:
        folder, cache = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if not child:
            signal.alarm(60)
            with open(write, "w") as file, contextlib.redirect_stdout(io.StringIO()):
                print(json.dumps(look(call, folder, cache)), file=file)
            os._exit(0)
        os.close(write)
        with open(read) as file:
            # One line, not all: what a tool has started may hold the pipe open.
            print(file.readline().strip() or '{"result": "", "error": "the process died"}', flush=True)
        os.waitpid(child, 0)


def look(call: Callable[[Any, str], Any], folder: str, cache: str) -> dict[str, Any]:
    """Call the function of a project through a cache; say whether any code of the project was executed for it."""
    import threading

    sys.path.insert(0, folder)
    executed, found = False, {}

    def note(frame: Any, event: str, arg: Any) -> None:
        nonlocal executed
        executed = executed or (event == "call" and frame.f_code.co_filename.startswith(folder))

    try:
        import flow

        threading.setprofile(note)
        sys.setprofile(note)
        result = call(flow.run, cache)
        if isinstance(result, tuple) and "pyperunner" in sys.modules:
            result, found["gaps"] = result
        found["result"] = repr(result)
    except BaseException as error:
        found["result"] = found["error"] = repr(error)
    finally:
        sys.setprofile(None)
    return {**found, "executed": executed}


# -- outside ----------------------------------------------------------------------------------------------------------


class Worker:
    """A process in which one tool is loaded; it forks one for every call."""

    def __init__(self, tool: str, python: str) -> None:
        self.tool = tool
        command = [python, __file__, "--work", tool]
        environment = {**os.environ, "PYTHONPATH": "", "HAMILTON_TELEMETRY_ENABLED": "false"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process: Any = subprocess.Popen(command, text=True, env=environment, **pipes)

    def look(self, folder: Path, cache: Path) -> dict[str, Any]:
        """Return what became of a call."""
        cache.mkdir(parents=True, exist_ok=True)
        print(json.dumps([str(folder), str(cache)]), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def replay(worker: Worker, scenario: Any, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a tool made of a project before and after its edit, in one and the same place on disk."""
    found = []
    for mark in "-+":
        shutil.rmtree(folder / "project", ignore_errors=True)
        found.append(worker.look(scenario.write(folder / "project", mark), folder / worker.tool))
    return found[0], found[1]


def verdict(truth: tuple[dict[str, Any], dict[str, Any]], found: tuple[dict[str, Any], dict[str, Any]]) -> str:
    """Judge what came back after the edit."""
    (_, right), (first, second) = truth, found
    if second["result"] == right["result"]:
        wasted = right["result"] == truth[0]["result"] and second["executed"] and "error" not in right
        return "wasted" if wasted else "right"
    return "refused" if "error" in second or "error" in first else "wrong"


def pythons(tools: list[str], venv: Path) -> Iterator[tuple[str, str]]:
    """Yield each tool with the Python that has it, having installed the peers."""
    missing = [PEERS[tool] for tool in tools if tool in PEERS]
    if missing:
        subprocess.run(["uv", "venv", "-q", "--allow-existing", "-p", sys.executable, venv], check=True)
        subprocess.run(["uv", "pip", "install", "-q", "--python", f"{venv}/bin/python", *missing], check=True)
    for tool in tools:
        yield tool, f"{venv}/bin/python" if tool in PEERS else sys.executable


def compare(tools: list[str], venv: Path, verbose: bool, only: str) -> None:
    """Print a line per tool."""
    sys.path.insert(0, str(EDITS))
    from scenarios import read_scenarios  # type: ignore[import-not-found]

    scenarios = [scenario for scenario in read_scenarios() if only in scenario.name]
    truth: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    print(f"{'tool':<12}" + "".join(f"{kind:>8}" for kind in KINDS) + f"   of {len(scenarios)} edits")
    for tool, python in pythons(tools, venv):
        worker, counts = Worker(tool, python), Counter[str]()
        with tempfile.TemporaryDirectory() as folder:
            for number, scenario in enumerate(scenarios):
                found = replay(worker, scenario, Path(folder, str(number)))
                truth.setdefault(scenario.name, found)
                judged = verdict(truth[scenario.name], found)
                counts[judged] += 1
                listed = judged == "wrong" and bool(found[1].get("gaps"))
                counts["listed"] += listed
                if verbose and judged != "right" and tool != "uncached":
                    said = "listed as a gap" if listed else found[1].get("error", "")
                    print(f"    {judged}: {scenario.name} {said}".rstrip(), flush=True)
        worker.close()
        if tool != "uncached":
            print(f"{tool:<12}" + "".join(f"{counts[kind]:>8}" for kind in KINDS), flush=True)


def fingerprint_times() -> None:
    """Print the time per fingerprint on a project of 50 modules: the first, and the further ones of the same pass."""
    from pyperunner_keys import Fingerprinter

    with tempfile.TemporaryDirectory() as folder:
        for number in range(50):
            lines = [f"from m{number + 1} import *" if number < 49 else "import math"]
            for index in range(16):
                below = f"f{number + 1}_{index}(x)" if number < 49 else "math.sqrt(x)"
                lines.append(
                    f"K{number}_{index} = {index}\ndef f{number}_{index}(x):\n    return {below} + K{number}_{index}"
                )
            Path(folder, f"m{number}.py").write_text("\n".join(lines) + "\n")
        calls = "".join(f"def run{index}(x):\n    return f0_{index % 16}(x) + {index}\n" for index in range(200))
        Path(folder, "flow.py").write_text(f"from m0 import *\n{calls}")
        sys.path.insert(0, folder)
        import flow

        reader, times = Fingerprinter(), []
        for index in range(200):
            began = time.process_time()
            found = reader.fingerprint(getattr(flow, f"run{index}"))
            _ = found.packed
            times.append(time.process_time() - began)
        first, rest = times[:16], sorted(times[16:])
        print(f"50 modules, 1,600 functions and constants, {len(found.parts)} parts per task")
        print(f"all of it read: {sum(first) * 1000:.0f} ms; each further task: {rest[len(rest) // 2] * 1000:.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description="Replay the table of edits on us and on peers.")
    parser.add_argument("tools", nargs="*", metavar="TOOL", help=f"of {', '.join(TOOLS[1:])}; all by default")
    parser.add_argument("--venv", type=Path, help="where the peers are installed")
    parser.add_argument("-v", "--verbose", action="store_true", help="name the edits that are not right")
    parser.add_argument("--only", default="", metavar="TEXT", help="edits with this text in their names")
    parser.add_argument("--fingerprint", action="store_true", help="time fingerprints instead")
    parser.add_argument("--work", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
    elif options.fingerprint:
        fingerprint_times()
    else:
        with tempfile.TemporaryDirectory() as folder:
            tools = ["uncached", *(options.tools or TOOLS[1:])]
            compare(tools, options.venv or Path(folder), options.verbose, options.only)


if __name__ == "__main__":
    main()
