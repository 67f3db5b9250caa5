"""5,000,000 rows through four tasks: ``python tools/bench/rows.py [--rows N] [--repeats N]``.

Prints wall and processor time of the same four functions called one after the other in plain Python, as tasks with the
codecs ``raw`` and ``gzip``, and with ``joblib.Memory``; the fastest of several, each in a new process and an empty
folder, one right after the other. Beside them stands what no way of keeping the results is spared: to write their
bytes, to read them, and to digest them. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pyperunner import Pipeline, Runner, task
from pyperunner_dag import open_store

WAYS = ("plain", "raw", "gzip", "joblib", "floor")


def made(rows: int) -> Any:
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    group, price = rng.integers(0, 1000, rows), rng.normal(100.0, 20.0, rows)
    return pd.DataFrame({"group": group, "price": price, "amount": rng.integers(1, 9, rows)})


def cleaned(frame: Any) -> Any:
    frame = frame[frame["price"].between(40, 160)].sort_values(["group", "price"], ignore_index=True)
    return frame.assign(total=frame["price"] * frame["amount"])


def scaled(frame: Any) -> Any:
    groups = frame.groupby("group")["total"]
    return frame.assign(score=(frame["total"] - groups.transform("mean")) / groups.transform("std"))


def summed(frame: Any) -> Any:
    return frame.groupby("group").agg({"score": ["min", "max"], "total": "sum"})


@task("Make", receives_input=False)
def make(rows: int) -> Any:
    return made(rows)


@task("Clean")
def clean(data: list[Any]) -> Any:
    return cleaned(data[0])


@task("Scale")
def scale(data: list[Any]) -> Any:
    return scaled(data[0])


@task("Sum")
def total(data: list[Any]) -> Any:
    return summed(data[0])


def floor(rows: int) -> str:
    """Return what it takes to write, read and digest the bytes of the three frames."""
    import numpy as np
    import xxhash

    frames = [np.ones(rows * columns) for columns in (3, 4, 5)]
    began = time.perf_counter()
    for number, frame in enumerate(frames):
        frame.tofile(f"frame{number}")
    written = time.perf_counter()
    for number in range(len(frames)):
        np.fromfile(f"frame{number}")
    read = time.perf_counter()
    for frame in frames:
        xxhash.xxh3_128_digest(frame)
    digested = time.perf_counter()
    size = sum(frame.nbytes for frame in frames) / 1e6
    took = f"written in {written - began:.2f} s, read in {read - written:.2f}, digested in {digested - read:.2f}"
    return f"{size:.0f} MB: {took}"


def run(way: str, rows: int) -> None:
    """Do the work in one way in this process, and print the seconds it took."""
    import pandas as pd

    assert pd  # what the tasks need is there before the work begins, in every way
    if way == "floor":
        print(floor(rows))
        return
    began = time.perf_counter()
    if way == "plain":
        summed(scaled(cleaned(made(rows))))
    elif way == "joblib":
        from joblib import Memory

        first, second, third, last = map(Memory("memory", verbose=0).cache, (made, cleaned, scaled, summed))
        last(third(second(first(rows))))
    else:
        source = make(rows=rows)
        total()(scale()(clean()(source)))
        store = open_store("data", codec=way)
        Runner(store, "runs").run(Pipeline("rows", [source]), raise_on_failure=True)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(f"{time.perf_counter() - began} {sum(one.ru_utime + one.ru_stime for one in used)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=WAYS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        run(options.only, options.rows)
        return
    found: dict[str, list[list[float]]] = {}
    for _ in range(options.repeats):
        for way in WAYS:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, str(Path(__file__).absolute()), "--only", way, "--rows", str(options.rows)]
                said = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
            if way == "floor":
                print(said)
            else:
                found.setdefault(way, []).append([float(figure) for figure in said.split()])
    best = {way: [min(figures) for figures in zip(*taken, strict=True)] for way, taken in found.items()}
    for way, (wall, busy) in best.items():
        print(f"{way:8} {wall:6.2f} s, {wall / best['plain'][0]:5.2f} x plain; {busy:6.2f} s of processor time")


if __name__ == "__main__":
    main()
