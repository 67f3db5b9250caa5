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


def test_numbers_that_numpy_does_not_have_count():
    wide = [pl.DataFrame({"id": pl.Series([number], dtype=pl.Int128)}) for number in (2**70, 2**71, 1)]
    assert len({digest(each) for each in wide}) == 3
    assert digest(wide[2]) != digest(pl.DataFrame({"id": [1]}))


def test_the_code_and_the_state_of_a_subclass_count(project):
    text = "import polars as pl\nclass Mine(pl.DataFrame):\n    def f(self): return {}\n"
    one, other = project(one=text.format(1)).Mine, project(other=text.format(2)).Mine
    other.__module__ = "one"
    noted = one({"a": [1]})
    noted.unit = "m"
    found = [pl.DataFrame({"a": [1]}), one({"a": [1]}), other({"a": [1]}), noted]
    assert len({digest(each) for each in found}) == 4
    assert digest(one({"a": [1]})) == digest(one({"a": [1]}))


ROWS = {
    "wide numbers": [pl.Series([each], dtype=pl.Int128) for each in (0, 1, -1, 2**63, 2**64, 2**100, -(2**63), None)],
    "wide decimals": [pl.Series([each], dtype=pl.Decimal(38, 1)) for each in ("1.0", "1.1", "1" * 30, "1" * 29 + "2")],
    "bytes": [pl.Series(each) for each in ([b"ab", b"c"], [b"a", b"bc"], [b"abc", b""], [b"abc", None])],
    "units": [
        pl.Series([dt.datetime(2024, 1, 1)], dtype=pl.Datetime(*each)) for each in (("us",), ("ms",), ("us", "UTC"))
    ],
    "many values of an enum": [
        pl.Series(["a"], dtype=pl.Enum(["a", *map(str, range(each))])) for each in (98, 99, 100)
    ],
    "objects": [pl.Series([each], dtype=pl.Object) for each in ({1}, {2}, None)],
    "where texts end": [pl.Series(each) for each in (["ab", "c"], ["a", "bc"], ["abc", ""], ["abc", None])],
    "where lists end": [pl.Series(each) for each in ([["a"], ["b"]], [["a", "b"], []], [["a", "b"], None])],
    "a list of nothing": [pl.Series([each], dtype=pl.List(pl.Int8)) for each in ([], None, [None])],
    "a missing struct": [
        pl.Series([each], dtype=pl.Struct({"a": pl.Int8, "b": pl.String}))
        for each in (None, {"a": None, "b": None}, {"a": 1, "b": None}, {"a": 1, "b": ""})
    ],
    "arrays": [pl.Series([each, None], dtype=pl.Array(pl.Int8, 2)) for each in ([1, 2], [2, 1], [1, None], None)],
    "decimals": [pl.Series([each], dtype=pl.Decimal(10, 2)) for each in ("1.50", "1.51", None)],
    "categories": [pl.Series([each], dtype=pl.Enum(["u", "v"])) for each in ("u", "v", None)],
    "truth": [pl.Series([each], dtype=pl.Boolean) for each in (True, False, None)],
    "deep": [pl.Series([[[{"a": each}]], None]) for each in (["x"], ["y"], [], None)],
    "nothing": [pl.Series([None] * count, dtype=pl.Null) for count in (0, 1, 2)],
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_are_told_apart_however_polars_keeps_them(name):
    values = ROWS[name]
    assert len({digest(each) for each in values}) == len(values)
    for each in values:
        twice = pl.concat([each, each], rechunk=False)
        assert digest(twice[: len(each)]) == digest(twice[len(each) :]) == digest(each)
        assert digest(twice) == digest(twice.rechunk())


@pytest.mark.parametrize("start", range(10))
def test_truth_counts_row_by_row_wherever_its_bits_begin(start, monkeypatch):
    rows = [number % 3 == 0 for number in range(40)]
    part = pl.Series(rows)[start : start + 13]
    plain = digest(pl.Series(rows[start : start + 13]))
    assert digest(part) == digest(pl.concat([part[:5], part[5:]], rechunk=False)) == plain
    for row in range(13):
        other = rows[start : start + 13]
        other[row] = not other[row]
        assert digest(pl.Series(other)) != plain
    # A column that hands out no buffers is read by numpy.
    monkeypatch.delattr(pl.Series, "__arrow_c_stream__")
    assert digest(part) == plain


def test_an_expression_counts_unless_it_holds_a_function():
    """Of a function polars keeps a pickle, in which one that can be imported is no more than a name."""
    assert digest(pl.col("a") + 1) == digest(pl.col("a") + 1) != digest(pl.col("a") + 2)
    kinds = (
        pl.col("a").map_elements(max, return_dtype=pl.Int64),
        pl.col("a").map_batches(lambda column: column),
        pl.fold(0, lambda one, other: one, ["a"]),
    )
    for expression in kinds:
        with pytest.raises(UnencodableError, match=r"polars\.Expr has no stable encoding: it holds a Python function"):
            digest(expression)
