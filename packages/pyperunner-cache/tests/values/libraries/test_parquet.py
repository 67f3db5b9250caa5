"""Frames in the format parquet: others read them, and they come back exactly, or are refused with the column."""

from __future__ import annotations

import os

import pytest

from pyperunner_cache import DamagedEntryWarning, UnstorableError, open_store
from pyperunner_cache.errors import UnknownFormatError
from pyperunner_cache.values.libraries import parquet
from pyperunner_cache.values.pack import pack_with_needs, unpack

KEY = f"Load()/{0:032x}"


def trip(value, **how):
    parts, needs = pack_with_needs(value, form="parquet", **how)
    assert bytes(parts[-1][:4]) == bytes(parts[-1][-4:]) == b"PAR1"
    assert not needs.pickle
    return unpack([bytes(parts[0]), *map(bytearray, parts[1:])], pickles=how.get("pickles", True))


def pandas():
    pytest.importorskip("pyarrow")
    return pytest.importorskip("pandas")


@pytest.mark.parametrize("pickles", [True, False])
def test_frames_of_pandas_come_back_exactly(pickles):
    pd = pandas()
    frame = pd.DataFrame(
        {
            "i": [1, 2], "f": [0.5, float("nan")], "t": ["a", None], "b": [True, False],
            "when": pd.to_datetime(["2024-01-01", None]).tz_localize("Europe/Berlin"),
            "span": pd.to_timedelta([1, 2], unit="s"),
            "kind": pd.Categorical(["x", "y"], categories=["y", "x"], ordered=True),
            "n": pd.array([1, None], dtype="Int8"),
        },
        index=pd.Index([5, 7], name="id"),
    )  # fmt: skip
    for given in (
        frame,
        frame.reset_index(drop=True),
        frame.set_index(["t", "i"]),
        frame.iloc[:0].drop(columns="kind"),
    ):
        pd.testing.assert_frame_equal(trip(given, pickles=pickles), given, check_exact=True, check_freq=True)
    with pytest.raises(UnstorableError, match=r"categories=.*would come back as") as caught:
        trip(frame.iloc[:0])  # parquet has no categories without a value of them
    assert caught.value.path == "result['kind']"


@pytest.mark.parametrize(
    ("column", "make", "why"),
    [
        ("x", lambda pd: pd.Series([(1, 2), (3,)]), "exactly"),
        ("x", lambda pd: pd.Series([1, "a"]), "cannot keep it"),
        ("x", lambda pd: pd.Series([1 + 2j, 0j]), "cannot keep it"),
        ("x", lambda pd: pd.Series([0.0, 1.0]).astype(pd.SparseDtype(float)), "Sparse"),
        ("x", lambda pd: pd.Series([object(), None]), "cannot keep it"),
    ],
)
def test_what_would_not_come_back_is_refused_with_the_column(column, make, why):
    pd = pandas()
    frame = pd.DataFrame({"fine": [1, 2], column: make(pd)})
    with pytest.raises(UnstorableError, match=why) as caught:
        trip(frame)
    assert caught.value.path in (f"result[{column!r}]", "result")
    assert "parquet" in str(caught.value)


def test_labels_that_would_change_are_refused():
    pd = pandas()
    doubled = pd.DataFrame([[1, 2]], columns=["a", "a"])
    marked = pd.DataFrame({"a": [1]})
    marked.attrs["unit"] = (1, 2)
    for frame in (doubled, pd.DataFrame({1: [1], "1": [2]}), marked):
        with pytest.raises(UnstorableError, match="parquet"):
            trip(frame)


@pytest.mark.parametrize("pickles", [True, False])
def test_frames_of_polars_come_back_exactly(pickles):
    pl = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    frame = pl.DataFrame(
        {"i": [1, None], "f": [0.5, float("nan")], "t": ["a", None], "l": [[1], []], "s": [{"a": 1}, {"a": None}]},
        schema_overrides={"i": pl.Int16},
    ).with_columns(when=pl.lit("2024-01-01").str.to_datetime(time_unit="us", time_zone="UTC"))
    for given in (frame, frame.head(0), pl.DataFrame()):
        found = trip(given, pickles=pickles)
        assert found.schema == given.schema
        assert found.equals(given, null_equal=True)
    with pytest.raises(UnstorableError, match="parquet") as caught:
        trip(pl.DataFrame({"o": pl.Series([object(), object()], dtype=pl.Object)}))
    assert caught.value.type_name == "DataFrame"


@pytest.mark.parametrize("value", [1, [1], {"a": 1}, None, "text"], ids=repr)
def test_only_frames_have_this_format(value):
    with pytest.raises(UnstorableError, match="is for frames of pandas and polars, not for a"):
        trip(value)


def test_a_file_for_others_lies_beside_the_entry_and_goes_with_it(tmp_path):
    pd = pandas()
    frame = pd.DataFrame({"a": [1, 2]})
    store = open_store(tmp_path)
    store.save(KEY, frame, {"seconds": 1}, format="parquet")
    file = store.locate(KEY, "result.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(file), frame)
    pd.testing.assert_frame_equal(store.load(KEY), frame)
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert len(list(store.entries())) == 1
    store.save(KEY, frame * 2, format="parquet")
    assert list(pd.read_parquet(file)["a"]) == [2, 4]
    store.save(KEY, 1)
    assert not os.path.exists(file)  # what is older than the entry would be wrong
    store.save(KEY, frame, format="parquet")
    store.delete(KEY)
    assert os.listdir(tmp_path) == [] or set(os.listdir(tmp_path)) <= {".lock", ".usage"}
    store.save(KEY, frame, format="parquet")
    store.gc(max_size=0)
    assert not os.path.exists(file)


@pytest.mark.parametrize("place", ["memory://", "sqlite:///{}/x.db"])
def test_a_store_without_files_keeps_it_in_the_entry(tmp_path, place):
    pd = pandas()
    store = open_store(place.format(tmp_path), trust="safe")
    store.save(KEY, pd.DataFrame({"a": [1]}), format="parquet", codec="gzip")
    assert list(store.load(KEY)["a"]) == [1]


def test_what_is_refused_leaves_nothing(tmp_path):
    pandas()
    store = open_store(tmp_path)
    with pytest.raises(UnstorableError, match=r"cannot store result \(a int\) under 'Load\(\)"):
        store.save(KEY, 1, format="parquet")
    with pytest.raises(UnknownFormatError, match="unknown format 'feather'; known: parquet"):
        store.save(KEY, 1, format="feather")
    assert os.listdir(tmp_path) == []


def test_a_stranger_cannot_claim_a_billion_cells(tmp_path, monkeypatch):
    frame = pandas().DataFrame({"a": [1] * 100_000})
    open_store(tmp_path).save(KEY, frame, format="parquet")
    monkeypatch.setattr(parquet, "_FREE_CELLS", 1000)
    assert len(open_store(tmp_path).load(KEY)) == 100_000
    with pytest.raises(UnstorableError, match=r"with trust='safe' it would not be read: .* claims 100,000 cells"):
        open_store(tmp_path / "other", trust="safe").save(KEY, frame, format="parquet")
    with pytest.warns(DamagedEntryWarning, match="claims 100,000 cells"), pytest.raises(KeyError):
        open_store(tmp_path, trust="safe").load(KEY)
