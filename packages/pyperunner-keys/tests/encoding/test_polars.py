from __future__ import annotations

import datetime as dt

import pytest

from pyperunner_keys import UnencodableError, digest

pytest.importorskip("numpy")
pl = pytest.importorskip("polars")


def frame():
    return pl.DataFrame(
        {
            "i": [1, None],
            "f": [1.5, float("nan")],
            "s": ["x", None],
            "l": [[1], [2, 3]],
            "d": [dt.date(2020, 1, 1), None],
            "t": [dt.datetime(2020, 1, 1), dt.datetime(2021, 1, 1)],
            "b": [True, None],
            "c": pl.Series(["u", "v"], dtype=pl.Categorical),
            "n": [{"a": 1}, {"a": 2}],
            "y": [b"1", b"2"],
        }
    )


def test_equal_frames_agree():
    assert digest(frame()) == digest(frame()) == digest(frame().clone()) == digest(frame()[::-1][::-1])


def test_chunks_do_not_count():
    half = frame().slice(0, 1), frame().slice(1, 1)
    assert digest(pl.concat(half, rechunk=False)) == digest(frame())


@pytest.mark.parametrize("column", frame().columns)
def test_every_column_counts(column):
    assert digest(frame().with_columns(pl.col(column).reverse())) != digest(frame())


def test_names_and_dtypes_count():
    base = pl.DataFrame({"a": [1, 2]})
    others = [base.rename({"a": "b"}), base.cast(pl.Int32), base["a"], base[:0], base.cast(pl.Utf8)]
    assert len({digest(item) for item in [base, *others]}) == len(others) + 1


def test_a_missing_value_is_not_zero():
    assert digest(pl.Series([0, None])) != digest(pl.Series([0, 0]))


def test_a_plan_is_refused():
    with pytest.raises(UnencodableError, match=r"collect\(\)"):
        digest(frame().lazy())


def test_dtypes():
    assert digest(pl.Int64) == digest(pl.Int64) != digest(pl.Int32)
