from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_results.comparing.values import where_differ

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(values)
def test_equal_values_differ_nowhere(value):
    import copy

    assert where_differ(value, copy.deepcopy(value)) == []


@pytest.mark.parametrize(
    ("before", "now", "lines"),
    [
        (1, 2, ["1 → 2"]),
        (1, True, ["int 1 → bool True"]),
        ({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "d": 4}, ["['a']['b']: 1 → 3", "['c']: removed 2", "['d']: added 4"]),
        ([1, 2], [1, 5, 6], ["2 → 3 items", "[1]: 2 → 5", "[2]: added 6"]),
        ((math.nan, 1), (math.nan, 2), ["[1]: 1 → 2"]),
        ("x" * 99, "x" * 99 + "y", ["str differs"]),
        ("\x1b[31m", "b", ["'\\x1b[31m' → 'b'"]),
    ],
)
def test_plain_values(before, now, lines):
    assert where_differ(before, now) == lines


def test_many_differences_are_cut():
    lines = where_differ(list(range(100)), list(range(1, 101)), limit=5)
    assert len(lines) == 6
    assert lines[-1] == "… and more"


def test_what_cannot_be_compared_or_shown_is_said():
    class Odd:
        def __eq__(self, other):
            raise RuntimeError

        def __repr__(self):
            raise RuntimeError

        __hash__ = None

    assert where_differ(Odd(), Odd()) == ["Odd cannot be compared (RuntimeError)"]
    assert where_differ(Odd(), 1) == ["Odd <Odd> → int 1"]
    loop: list[object] = []
    loop.append(loop)
    other: list[object] = []
    other.append(other)
    assert "nested too deep" in where_differ(loop, other)[0]


def test_arrays():
    np = pytest.importorskip("numpy", reason="numpy is not installed")
    a = np.array([[1.0, np.nan], [3.0, 4.0]])
    b = a.copy()
    assert where_differ(a, b) == []
    b[1, 0] = 5
    assert where_differ(a, b) == ["1 of 4 elements differ, first at [1, 0]: 3.0 → 5.0"]
    assert where_differ(a, a.astype("f4")) == ["type float64 → float32"]
    assert where_differ(a, a[:1]) == ["shape (2, 2) → (1, 2)"]
    assert where_differ(np.float64(1), np.float64(2)) == ["1.0 → 2.0"]
    assert where_differ(np.array(1), np.array(2)) == ["1 of 1 elements differ: 1 → 2"]
    assert where_differ(np.array([], "i8"), np.array([], "i8")) == []
    assert where_differ({"m": a}, {"m": b})[0].startswith("['m']: 1 of 4")


def test_pandas_frames():
    pd = pytest.importorskip("pandas", reason="pandas is not installed")
    a = pd.DataFrame({"x": [1, 2, None], "s": ["a", None, "c"]}, index=["r1", "r2", "r3"])
    assert where_differ(a, a.copy()) == []
    b = a.copy()
    b.loc["r2", "x"] = 5
    b["new"] = 1
    assert where_differ(a, b) == ["column 'new' added", "column 'x': 1 of 3 rows differ, first at 'r2': 2.0 → 5.0"]
    assert where_differ(a, a.drop(columns="x")) == ["column 'x' removed"]
    assert where_differ(a, a[["s", "x"]]) == ["the order of the columns differs"]
    assert where_differ(a, a.iloc[:2]) == ["3 → 2 rows"]
    assert where_differ(a, a.set_axis([1, 2, 3])) == ["the index differs"]
    assert where_differ(a["x"], b["x"]) == ["column 'values': 1 of 3 rows differ, first at 'r2': 2.0 → 5.0"]
    assert where_differ(pd.DataFrame({"x": [1]}), pd.DataFrame({"x": [1.0]})) == ["column 'x': type int64 → float64"]
    assert where_differ(pd.Timestamp("2024"), pd.Timestamp("2025")) != []
    assert where_differ(pd.Index([1]), pd.Index([2])) == ["Index differs"]
    twice = pd.DataFrame([[1, 2]], columns=["x", "x"])
    assert where_differ(twice, twice + 1) == ["column 'x' differs", "column 'x' differs"]


def test_polars_frames():
    pl = pytest.importorskip("polars", reason="polars is not installed")
    a = pl.DataFrame({"x": [1, None, 3], "s": ["a", "b", "c"]})
    assert where_differ(a, a.clone()) == []
    b = a.with_columns(pl.Series("x", [1, 2, 4]))
    assert where_differ(a, b) == ["column 'x': 2 of 3 rows differ, first at 1: None → 2"]
    assert where_differ(a, a.drop("s")) == ["column 's' removed"]
    assert where_differ(a, a.head(1)) == ["3 → 1 rows"]
    assert where_differ(a, a.cast({"x": pl.Float64})) == ["column 'x': type Int64 → Float64"]
    assert where_differ(a["x"], b["x"]) == ["column 'values': 2 of 3 rows differ, first at 1: None → 2"]
