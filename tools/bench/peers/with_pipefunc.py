"""The graphs of pipelines.py in pipefunc: ``python with_pipefunc.py GRAPH``; prints the seconds of the run."""

import sys
import time
from itertools import pairwise
from pathlib import Path

from pipefunc import PipeFunc, Pipeline, pipefunc


@pipefunc("y", mapspec="x[i] -> y[i]")
def value(x, seconds=0.0):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return x


@pipefunc("count")
def total(y):
    return len(y)


def linked(x):
    return 1


def several(a, b, c, d, e, f, g, h, i, j):
    return 1


def fan():
    return Pipeline([value, total]), {"x": list(range(1000)), "seconds": 0.0}


def chain():
    steps = [PipeFunc(linked, f"y{i}", renames={"x": f"y{i - 1}" if i else "start"}) for i in range(400)]
    return Pipeline(steps), {"start": 0}


def layered():
    names = [[f"y{row}_{column}" for column in range(10)] for row in range(20)]
    steps = [PipeFunc(linked, name, renames={"x": "start"}) for name in names[0]]
    for upper, lower in pairwise(names):
        steps += [PipeFunc(several, name, renames=dict(zip("abcdefghij", upper, strict=True))) for name in lower]
    return Pipeline(steps), {"start": 0}


def busy():
    return Pipeline([value]), {"x": list(range(64)), "seconds": 0.05}


if __name__ == "__main__":
    pipeline, inputs = {"fan": fan, "chain": chain, "layered": layered, "busy": busy}[sys.argv[1]]()
    began = time.perf_counter()
    again = {"cleanup": False} if Path("run").exists() else {}
    pipeline.map(inputs, run_folder="run", show_progress=False, **again)  # in parallel, as is its default
    print(time.perf_counter() - began)
