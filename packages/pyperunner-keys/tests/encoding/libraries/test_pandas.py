from __future__ import annotations

import datetime as dt
import pickle
import threading
import zoneinfo

import pytest

from pyperunner_keys import UnencodableError, digest

pd = pytest.importorskip("pandas")


def frame_with(attrs):
    found = pd.DataFrame({"a": [1]})
    found.attrs.update(attrs)
    return found


def frame():
    return pd.DataFrame(
        {
            "i": [1, 2],
            "f": [1.5, None],
            "s": ["x", None],
            "t": pd.to_datetime(["2020-01-01", None]),
            "z": pd.to_datetime(["2020-01-01", "2021-01-01"]).tz_localize("Europe/Berlin"),
            "c": pd.Categorical(["u", "v"], categories=["v", "u"]),
            "n": pd.array([1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "p": pd.period_range("2020", periods=2, freq="D"),
            "v": pd.interval_range(0, 2),
            "d": pd.to_timedelta(["1s", None]),
            "o": [{"a": 1}, [1, 2]],
        }
    )


def test_equal_frames_agree():
    assert digest(frame()) == digest(frame()) == digest(frame().copy()) == digest(frame().iloc[::-1].iloc[::-1])


@pytest.mark.parametrize("column", frame().columns)
def test_every_column_counts(column):
    changed = frame()
    changed[column] = changed[column].to_numpy(copy=True)[::-1] if column == "o" else changed[column].iloc[::-1].array
    assert digest(changed) != digest(frame())


def test_labels_and_dtypes_count():
    base = pd.DataFrame({"a": [1, 2]})
    others = [
        base.rename(columns={"a": "b"}),
        base.set_index([[5, 6]]),
        base.rename_axis("k"),
        base.astype("int32"),
        base.astype("Int64"),
        base["a"],
        base.to_numpy(),
        base[["a", "a"]],
        base.iloc[:0],
    ]
    assert len({digest(item) for item in [base, *others]}) == len(others) + 1


class Measured(pd.DataFrame):
    _metadata = ["unit"]


def measured(unit):
    found = Measured({"v": [1.0]})
    found.unit = unit
    return found


def dated(freq, start="2024-01-31"):
    return pd.Series([1, 2], index=pd.date_range(start, periods=2, freq=freq))


def holidays(day):
    return pd.offsets.CustomBusinessDay(holidays=[day])


def flagged(allows):
    return pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=allows)


TWINS = {
    "kind of array": [pd.array([1, 2], "int64"), pd.array([1, 2], "Int64"), pd.Series([1, 2]).array.to_numpy()],
    "what is stored of what is sparse": [
        pd.arrays.SparseArray([0, 1, 0], kind="integer"),
        pd.arrays.SparseArray([0, 1, 0], kind="block"),
        pd.arrays.SparseArray([0, 1, 0], fill_value=1),
        pd.arrays.SparseArray([0, 2, 0]),
        pd.arrays.SparseArray([2, 0, 0]),
    ],
    "sorted levels": [pd.MultiIndex(levels=[["a"], ["x"]], codes=[[0], [0]], sortorder=each) for each in (None, 0)],
    "order of categories in a dtype": [pd.CategoricalDtype(each, ordered=True) for each in (["S", "M"], ["M", "S"])],
    "whether categories are ordered": [pd.CategoricalDtype(["S"], ordered=each) for each in (True, False, None)],
    "categories that nobody uses": [pd.Categorical(["a"], categories=each) for each in (["a"], ["a", "b"])],
    "kind of index": [pd.Series([1, 2], index=each) for each in (pd.RangeIndex(2), pd.Index([0, 1]))],
    "name of index": [pd.Index([1], name=each) for each in (None, "n")],
    "frequency": [dated("ME"), dated("29D"), dated("ME").set_axis(pd.Index(dated("ME").index.to_numpy()))],
    "holidays of a frequency": [dated(holidays(day), "2024-01-02") for day in ("2024-05-01", "2024-12-25")],
    "one level or none": [pd.Index(["a"]), pd.MultiIndex.from_arrays([["a"]])],
    "labels of a level that nobody uses": [
        pd.MultiIndex(levels=[each, ["x"]], codes=[[0], [0]]) for each in (["a"], ["a", "b"])
    ],
    "unit of time": [pd.Series(pd.to_datetime(["2024-01-01"])).astype(f"M8[{unit}]") for unit in ("s", "ms", "ns")],
    "kind of zone": [
        pd.DatetimeTZDtype("ns", zone)
        for zone in (dt.timezone.utc, zoneinfo.ZoneInfo("UTC"), zoneinfo.ZoneInfo("Etc/UTC"))
    ],
    "missing value of text": [
        pd.array(["a"], pd.StringDtype("python", na_value=each)) for each in (pd.NA, float("nan"))
    ],
    "closed side": [pd.IntervalDtype("i8", each) for each in ("left", "right", "both")],
    "frequency of periods": [pd.PeriodDtype(each) for each in ("D", "M", "2D")],
    "value of what is sparse": [pd.SparseDtype("f8", each) for each in (0.0, 1.0, float("nan"))],
    "attributes": [frame_with({}), frame_with({"unit": "m"}), frame_with({"unit": "km"})],
    "flags": [flagged(True), flagged(False)],
    "what a subclass hands on": [pd.DataFrame({"v": [1.0]}), measured("m"), measured("km")],
}
"""By the one thing in which they differ: values that are otherwise the same."""


@pytest.mark.parametrize("name", TWINS)
def test_each_thing_that_decides_what_a_program_does_counts(name):
    values = TWINS[name]
    assert len({digest(each) for each in values}) == len(values)
    again = [pickle.loads(pickle.dumps(each)) for each in values]
    assert [digest(each) for each in again] == [digest(each) for each in values]


def test_the_code_of_a_subclass_counts(project):
    text = "import pandas as pd\nclass Mine(pd.DataFrame):\n    def f(self): return {}\n"
    one, other = project(one=text.format(1)), project(other=text.format(2))
    other.Mine.__module__ = "one"
    assert digest(one.Mine({"a": [1]})) != digest(other.Mine({"a": [1]}))


def test_what_pandas_fills_in_later_does_not_count():
    one, other = frame(), frame()
    other["s"].str.len(), other["t"].dt.year, other.index.is_unique, other.columns.get_loc("s")
    assert digest(one) == digest(other)


def test_texts_are_told_apart_however_arrow_keeps_them():
    pytest.importorskip("pyarrow")
    values = [
        pd.Series(each, dtype="string[pyarrow]") for each in (["ab", "c"], ["a", "bc"], ["abc", ""], ["abc", None])
    ]
    assert len({digest(each) for each in values}) == len(values)
    for each in values:
        twice = pd.concat([each, each], ignore_index=True)
        assert digest(twice[2:].array) == digest(twice[:2].array) == digest(each.array)
    assert digest(values[0][:0]) != digest(values[0][:1])


def test_what_someone_has_set_on_an_object_counts():
    for make in (lambda: pd.Series([1]), lambda: pd.Index([1]), lambda: pd.MultiIndex.from_tuples([(1, 2)])):
        plain, noted, again = make(), make(), make()
        object.__setattr__(noted, "unit", "m")
        assert digest(plain) == digest(again) != digest(noted)


def test_several_levels_of_labels():
    base = frame().drop(columns="o").set_index(["i", "s"])
    assert digest(base) == digest(base.copy()) != digest(base.reorder_levels(["s", "i"]))


def test_attributes_count():
    noted = frame()
    noted.attrs["unit"] = "m"
    assert digest(noted) != digest(frame())


def test_scalars():
    stamp = pd.Timestamp("2020-01-01")
    found = [
        stamp,
        stamp.tz_localize("UTC"),
        stamp.to_pydatetime(),
        pd.NaT,
        pd.NA,
        pd.Timedelta("1s"),
        pd.Period("2020"),
    ]
    assert len({digest(item) for item in found}) == len(found)


def test_subclasses_differ():
    class Mine(pd.DataFrame):
        pass

    assert digest(Mine({"a": [1]})) != digest(pd.DataFrame({"a": [1]}))


def test_the_column_is_named():
    with pytest.raises(UnencodableError) as caught:
        digest([pd.DataFrame({"a": [1], "b": [threading.Lock()]})])
    assert caught.value.path == "[0]['b'][0]"


def test_a_frame_among_its_own_attributes_is_refused_by_name():
    """pandas copies them whenever it shows a column, and never comes to an end."""
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["self"] = [frame]
    with pytest.raises(UnencodableError, match="DataFrame has no stable encoding: it contains itself"):
        digest(frame)
