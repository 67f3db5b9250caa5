from __future__ import annotations

import threading

import pytest

from pyperunner_keys import UnencodableError, digest

pd = pytest.importorskip("pandas")


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


def test_a_range_of_labels_is_its_labels():
    base = pd.DataFrame({"a": [1, 2]})
    assert digest(base) == digest(base.set_index(pd.Index([0, 1])))


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
