from __future__ import annotations

import pytest

from pyperunner_cache import UnstorableError
from pyperunner_cache.values.pack import pack


def test_polars(trip):
    pl = pytest.importorskip("polars")
    import datetime as dt

    frame = pl.DataFrame(
        {
            "i": [1, None],
            "s": ["a", None],
            "c": pl.Series(["x", "y"], dtype=pl.Categorical),
            "e": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"])),
            "d": [dt.date(2024, 1, 1), None],
            "t": pl.Series([dt.datetime(2024, 1, 1), None], dtype=pl.Datetime("ns", "Europe/Berlin")),
            "l": [[1, 2], []],
            "st": [{"a": 1}, {"a": None}],
            "n": [None, None],
            "dec": pl.Series(["1.10", "2"]).cast(pl.Decimal(10, 2)),
            "arr": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)),
            "bin": [b"x", None],
            "i128": pl.Series([2**100, None], dtype=pl.Int128),
        }
    )
    found = trip(frame, pickles=False)
    assert found.schema == frame.schema
    assert found.equals(frame)
    for column in frame:
        series = trip(column, pickles=False)
        assert type(series) is pl.Series
        assert series.name == column.name
        assert series.dtype == column.dtype
        assert series.equals(column)
    assert trip(pl.DataFrame(), pickles=False).equals(pl.DataFrame())
    assert trip(pl.Series("", [1]), pickles=False).name == ""
    big = pl.DataFrame({"x": range(100_000)})
    assert trip({"a": big})["a"].equals(big)


def test_pandas_goes_through_pickle_exactly(trip):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {"a": [1, 2], "o": [object, None], "t": pd.to_datetime(["2024-01-01", None]), "c": pd.Categorical(["x", "y"])},
        index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")]),
    )
    frame.attrs["unit"] = "m"
    found = trip({"f": frame, "n": 1})
    pd.testing.assert_frame_equal(found["f"], frame)
    assert found["f"].attrs == {"unit": "m"}
    found["f"].loc[(1, "a"), "a"] = 9


def test_pandas_in_safe_mode_is_exact_or_refused(trip):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    good = [
        pd.DataFrame({"a": [1, 2], "b": [1.5, None], "s": ["x", None]}),
        pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 6], name="id")),
        pd.DataFrame({"c": pd.Categorical(["x", "y"], ordered=True)}),
        pd.DataFrame({"t": pd.date_range("2024", periods=3, tz="Europe/Berlin")}),
        pd.DataFrame({"i": pd.array([1, None], dtype="Int64")}),
    ]
    for frame in good:
        pd.testing.assert_frame_equal(trip(frame, pickles=False), frame)
    series = pd.Series([1, 2], name=("a", 1))
    pd.testing.assert_series_equal(trip(series, pickles=False), series)
    bad = [
        pd.DataFrame({"o": [object(), 1]}),
        pd.DataFrame({"o": [(1, 2), [3]]}),
        pd.DataFrame({"z": [1 + 2j]}),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame({1: [1], "1": [2]}),
        pd.DataFrame({"s": pd.arrays.SparseArray([0, 1])}),
    ]
    for frame in bad:
        with pytest.raises(UnstorableError, match="DataFrame"):
            pack(frame, pickles=False)
