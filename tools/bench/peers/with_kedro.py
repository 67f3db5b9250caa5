"""The graphs of pipelines.py in kedro: ``python with_kedro.py GRAPH``; prints the seconds of the run.

Outputs stay in memory, so there is no warm run. ``planning`` makes a chain of 100,000 nodes and puts it in order.
"""

import logging
import resource
import sys
import time
from itertools import pairwise

from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline
from kedro.runner import SequentialRunner


def linked(*given):
    return 1


def chain(count):
    return [node(linked, f"y{i - 1}" if i else "start", f"y{i}", name=f"n{i}") for i in range(count)]


def fan():
    leaves = [node(linked, "start", f"y{i}", name=f"n{i}") for i in range(1000)]
    return [*leaves, node(linked, [f"y{i}" for i in range(1000)], "end", name="end")]


def layered():
    rows = [["start"] * 10, *([f"y{row}_{column}" for column in range(10)] for row in range(20))]
    return [
        node(linked, upper if row else "start", name, name=name)
        for row, (upper, lower) in enumerate(pairwise(rows))
        for name in lower
    ]


GRAPHS = {
    "fan": fan,
    "chain": lambda: chain(400),
    "layered": layered,
    "planning": lambda: chain(100_000),
}
if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    began = time.perf_counter()
    made = pipeline(GRAPHS[sys.argv[1]]())
    if sys.argv[1] == "planning":
        assert len(made.nodes) == 100_000
    else:
        began = time.perf_counter()
        SequentialRunner().run(made, DataCatalog({"start": MemoryDataset(0)}))
    print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
