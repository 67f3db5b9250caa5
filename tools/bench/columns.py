"""Digests of columns: time and memory for twelve kinds of column, beside `joblib.hash`.

Usage: columns.py [--rows N]      (needs joblib, pandas, polars and pyarrow)

Each is measured in a process of its own, the best of three times; memory is what the peak of the process grows by
(Linux).
"""

from __future__ import annotations

import argparse
import datetime as dt
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MADE: dict[str, Callable[[int], Any]] = {}


def kind(function: Callable[[int], Any]) -> Callable[[int], Any]:
    """Note how a kind of column is made."""
    MADE[function.__name__.replace("_", " ")] = function
    return function


def _numbers(rows: int) -> Any:
    import polars as pl

    return pl.Series("n", range(rows))


@kind
def pandas_float(rows: int) -> Any:
    return _numbers(rows).cast(float).to_pandas()


@kind
def pandas_text(rows: int) -> Any:
    import pandas as pd

    return pd.Series(_numbers(rows).cast(str).to_list())


@kind
def pandas_objects(rows: int) -> Any:
    import pandas as pd

    return pd.Series(_numbers(rows).cast(str).to_list(), dtype=object)


@kind
def pandas_category(rows: int) -> Any:
    import pandas as pd

    return pd.Series((_numbers(rows) % 100).cast(str).to_list(), dtype="category")


@kind
def pandas_arrow_list(rows: int) -> Any:
    import pandas as pd

    return pd.Series(pd.arrays.ArrowExtensionArray(polars_list(rows).to_arrow()))


@kind
def polars_integer(rows: int) -> Any:
    return _numbers(rows)


@kind
def polars_boolean(rows: int) -> Any:
    return _numbers(rows) % 2 == 0


@kind
def polars_text(rows: int) -> Any:
    import polars as pl

    return _numbers(rows).cast(pl.String)


@kind
def polars_decimal(rows: int) -> Any:
    import polars as pl

    return _numbers(rows).cast(pl.Decimal(20, 2))


@kind
def polars_datetime(rows: int) -> Any:
    return dt.datetime(2024, 1, 1) + _numbers(rows) * dt.timedelta(seconds=1)


@kind
def polars_list(rows: int) -> Any:
    return _numbers(rows // 2 * 2).reshape((-1, 2)).arr.to_list()


@kind
def polars_struct(rows: int) -> Any:
    import polars as pl

    return pl.DataFrame({"a": _numbers(rows), "b": _numbers(rows).cast(pl.String)}).to_struct("s")


def _measure(name: str, rows: int, tool: str, answer: Any) -> None:
    column = MADE[name](rows)
    if tool == "pyperunner":
        from pyperunner_keys import digest as take
    else:
        from joblib import hash as take
    take(MADE[name](10))
    Path("/proc/self/clear_refs").write_text("5")
    before = _peak()
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        take(column)
        times.append(time.perf_counter() - begin)
    answer.send((min(times), _peak() - before))


def _peak() -> float:
    """Return the peak of this process' memory in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=500_000)
    rows = parser.parse_args().rows
    spawn = multiprocessing.get_context("spawn")
    print("| column | ms | joblib.hash, ms | ratio | MiB more | joblib.hash, MiB more |\n|---|---|---|---|---|---|")
    for name in MADE:
        found = []
        for tool in ("pyperunner", "joblib"):
            ours, theirs = spawn.Pipe(False)
            process = spawn.Process(target=_measure, args=(name, rows, tool, theirs))
            process.start()
            theirs.close()
            found.append(ours.recv())
            process.join()
        (time_here, more_here), (time_there, more_there) = found
        print(
            f"| {name} | {time_here * 1e3:.0f} | {time_there * 1e3:.0f} | {time_here / time_there:.2f} "
            f"| {more_here:.0f} | {more_there:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
