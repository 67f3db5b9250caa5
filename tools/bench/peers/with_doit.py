"""The graphs of pipelines.py in doit: ``python with_doit.py GRAPH``; prints the seconds of the run."""

import sys
import time

from doit.cmd_base import ModuleTaskLoader
from doit.doit_cmd import DoitMain
from doit.tools import run_once


def value(x, seconds=0.0):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return {"v": x}


def total(**given):
    return {"v": len(given)}


def task(name, function, arguments=(), needs=()):
    found = {"name": name, "actions": [(function, list(arguments))], "uptodate": [run_once]}
    if needs:
        found["actions"] = [(function, list(arguments), {})]
        found["getargs"] = {f"x{number}": (f"step:{other}", "v") for number, other in enumerate(needs)}
    return found


def linked(i, **given):
    return {"v": i}


def fan(count):
    yield from (task(str(i), value, [i]) for i in range(count))
    yield task("total", total, needs=[str(i) for i in range(count)])


def chain(count):
    for i in range(count):
        yield task(str(i), linked, [i], [str(i - 1)] if i else [])


def layered(depth, width):
    for row in range(depth):
        for column in range(width):
            needs = [f"{row - 1}-{other}" for other in range(width)] if row else []
            yield task(f"{row}-{column}", linked, [row], needs)


def busy(count, seconds):
    yield from (task(str(i), value, [i, seconds]) for i in range(count))


GRAPHS = {
    "fan": lambda: fan(1000),
    "chain": lambda: chain(400),
    "layered": lambda: layered(20, 10),
    "busy": lambda: busy(64, 0.05),
}
options = ["-n", "2"] if sys.argv[1] == "busy" else []
loader = ModuleTaskLoader({"task_step": GRAPHS[sys.argv[1]], "DOIT_CONFIG": {"verbosity": 0, "reporter": "zero"}})
began = time.perf_counter()
code = DoitMain(loader).run(["run", *options])
print(time.perf_counter() - began)
sys.exit(code)
