"""The graphs of pipelines.py in joblib: ``python with_joblib.py GRAPH``; prints the seconds of the run."""

import sys
import time

from joblib import Memory, Parallel, delayed

memory = Memory("cache", verbose=0)


@memory.cache
def value(x, seconds=0.0):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return x


@memory.cache
def linked(x, i):
    return i


@memory.cache
def total(values):
    return len(values)


def fan():
    total([value(i) for i in range(1000)])


def chain():
    x = 0
    for i in range(400):
        x = linked(x, i)


def layered():
    row = []
    for depth in range(20):
        row = [linked(row, (depth, column)) for column in range(10)]


def busy():
    Parallel(n_jobs=2)(delayed(value)(i, 0.05) for i in range(64))


began = time.perf_counter()
{"fan": fan, "chain": chain, "layered": layered, "busy": busy}[sys.argv[1]]()
print(time.perf_counter() - began)
