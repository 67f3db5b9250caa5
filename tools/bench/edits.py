"""Replay the table of edits on us and on peers: ``python tools/bench/edits.py [--venv DIR] [TOOL …]``.

Every edit of ``packages/pyperunner-keys/tests/edits`` is a small project on disk. Its function is called through a tool
that caches, in a fresh process; the project is edited; the function is called again, in another process. What comes
back is compared with what an uncached call returns. *Wrong* is an old value, *wasted* a second execution although
nothing changes, *refused* an error of the tool's own.

The peers are installed, with uv, into an environment of their own: DIR, which is kept, or else a temporary one.
``python tools/bench/edits.py --living`` replays the edits of ``tests/code/living.py`` instead, each in one process that
lives on: *stale* is an old value there, *poisoned* a wrong one that a fresh process with the code on disk gets later,
be the store one that was filled before the edit or after it.
``python tools/bench/edits.py --fingerprint`` times our code fingerprints.
"""

from __future__ import annotations

import argparse
import json
import linecache
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
LIVING = EDITS.parent / "code"
LIVING_KINDS = ("right", "stale", "wasted", "poisoned", "refused")
KINDS = ("right", "wrong", "listed", "wasted", "refused")
TOOLS = ("uncached", "pyperunner", "memoize", *PEERS)


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


def memoize() -> Callable[[Any, str], Any]:
    import pyperunner_cache
    import pyperunner_keys.code.fingerprint  # noqa: F401

    return lambda run, cache: pyperunner_cache.memoize(cache)(run)()


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
        folder, cache, edit = json.loads(line)
        read, write = os.pipe()
        child = os.fork()
        if not child:
            signal.alarm(60)
            with open(write, "w") as file, contextlib.redirect_stdout(io.StringIO()):
                print(json.dumps(look(call, folder, cache, edit)), file=file)
            os._exit(0)
        os.close(write)
        with open(read) as file:
            # One line, not all: what a tool has started may hold the pipe open.
            print(file.readline().strip() or '{"result": "", "error": "the process died"}', flush=True)
        os.waitpid(child, 0)


def look(call: Callable[[Any, str], Any], folder: str, cache: str, edit: str) -> dict[str, Any]:
    """Call the function of a project through a cache; say whether any code of the project was executed for it.

    With an edit, it is executed then, the function is called through the cache once more, and without it. One that
    begins with ``!`` is executed before the first call.
    """
    sys.path.insert(0, folder)
    try:
        import flow
    except BaseException as error:
        return {"result": repr(error), "error": repr(error), "executed": False}
    early = edit[:1] == "!"
    first = {} if early else watch(lambda: call(flow.run, cache), folder)
    if not edit:
        return first
    edit = edit.removeprefix("!")
    # As in a notebook: the text is where tracebacks look for it.
    linecache.cache["<edit>"] = (len(edit), None, edit.splitlines(keepends=True), "<edit>")
    exec(compile(edit, "<edit>", "exec"), vars(flow))
    second = watch(lambda: call(flow.run, cache), folder)
    return {"first": first, "second": second, "right": watch(flow.run, folder)}


def watch(ask: Callable[[], Any], folder: str) -> dict[str, Any]:
    """Return what came of a call, as text, and whether code of a project was executed for it."""
    import threading

    executed, found = False, {}

    def note(frame: Any, event: str, arg: Any) -> None:
        nonlocal executed
        executed = executed or (event == "call" and frame.f_code.co_filename.startswith(folder))

    try:
        threading.setprofile(note)
        sys.setprofile(note)
        result = ask()
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

    def look(self, folder: Path, cache: Path, edit: str = "") -> dict[str, Any]:
        """Return what became of a call, or of one before and one after an edit in the same process."""
        cache.mkdir(parents=True, exist_ok=True)
        print(json.dumps([str(folder), str(cache), edit]), file=self._process.stdin, flush=True)
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


def living_verdict(found: dict[str, Any], later: list[dict[str, Any]]) -> str:
    """Judge what came back after an edit of a living process, and what fresh processes got later."""
    first, second, right = found["first"], found["second"], found["right"]
    if "error" in first or ("error" in second and "error" not in right):
        return "refused"
    if any(each["result"] != first["result"] for each in later):
        return "poisoned"
    if second["result"] != right["result"]:
        return "stale"
    return "wasted" if first["result"] == right["result"] and second["executed"] else "right"


def compare_living(tools: list[str], venv: Path, verbose: bool, only: str) -> None:
    """Print a line per tool: what became of edits of a process that lives on."""
    sys.path.insert(0, str(LIVING))
    from living import EVERY, MODULES  # type: ignore[import-not-found]

    edits = {name: edit for name, edit in EVERY.items() if only in name}
    print(f"{'tool':<12}" + "".join(f"{kind:>9}" for kind in LIVING_KINDS) + f"   of {len(edits)} edits")
    for tool, python in pythons(tools, venv):
        worker, counts = Worker(tool, python), Counter[str]()
        with tempfile.TemporaryDirectory() as folder:
            for number, (name, (text, edit)) in enumerate(edits.items()):
                project, cache = Path(folder, str(number), "project"), Path(folder, str(number), "cache")
                project.mkdir(parents=True)
                for module, held in {**MODULES, "flow": text}.items():
                    Path(project, f"{module}.py").write_text(held + "\n")
                found = worker.look(project, cache, edit)
                worker.look(project, Path(f"{cache}-cold"), f"!{edit}")
                later = [worker.look(project, place) for place in (cache, Path(f"{cache}-cold"))]
                judged = living_verdict(found, later)
                counts[judged] += 1
                # Most of what poisons is stale as well.
                counts["stale"] += judged == "poisoned" and found["second"]["result"] != found["right"]["result"]
                if verbose and judged != "right":
                    print(f"    {judged}: {name}", flush=True)
        worker.close()
        print(f"{tool:<12}" + "".join(f"{counts[kind]:>9}" for kind in LIVING_KINDS), flush=True)


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
    parser.add_argument("--living", action="store_true", help="edit living processes, beside joblib by default")
    parser.add_argument("--work", choices=TOOLS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work)
    elif options.fingerprint:
        fingerprint_times()
    else:
        with tempfile.TemporaryDirectory() as folder:
            if options.living:
                tools = options.tools or ["pyperunner", "memoize", "joblib"]
                compare_living(tools, options.venv or Path(folder), options.verbose, options.only)
                return
            tools = ["uncached", *(options.tools or TOOLS[1:])]
            compare(tools, options.venv or Path(folder), options.verbose, options.only)


if __name__ == "__main__":
    main()
