from __future__ import annotations

import threading

import pytest

from pyperunner_keys import UnencodableError, digest, encode

np = pytest.importorskip("numpy")


def test_memory_layout_does_not_count():
    array = np.arange(24.0).reshape(2, 3, 4)
    same = [np.asfortranarray(array), array[::-1][::-1], np.pad(array, 1)[1:-1, 1:-1, 1:-1], array.copy()]
    assert {digest(item) for item in same} == {digest(array)}
    assert digest(array) != digest(array.T) != digest(array.reshape(4, 6))


@pytest.mark.parametrize("dtype", ["f8", "i4", "u1", "?", "c16", "M8[D]", "m8[ns]", "U3", "S3", "f2", "V4", "O", ">f8"])
def test_every_dtype_has_an_encoding(dtype):
    array = np.ones((3, 2), dtype="i8").astype(dtype) if dtype != "V4" else np.zeros((3, 2), dtype)
    assert digest(array) == digest(np.asfortranarray(array))
    assert digest(array) != digest(np.ones((3, 2), "i2"))
    assert len({digest(array), digest(array[:2]), digest(array[:0]), digest(array[0, 0:1])}) == 4


def test_dtypes_differ():
    found = [digest(np.ones(2, dtype)) for dtype in ("f8", "f4", "i8", "i4", "u8", "?", "c16", "M8[s]", "M8[ms]", "O")]
    assert len(set(found)) == len(found)


def test_large_arrays_are_fed_in_pieces():
    array = np.arange(1_000_000, dtype="f8").reshape(1000, 1000)
    assert digest(array) == digest(np.asfortranarray(array))
    changed = array.copy()
    changed[-1, -1] += 1
    assert digest(changed) != digest(array)


def test_every_nan_is_the_same():
    quiet = np.array([1.0, np.nan])
    other = quiet.copy()
    other.view("u8")[1] = 0xFFF8000000000001
    assert np.isnan(other[1])
    assert digest(quiet) == digest(other) != digest(np.array([1.0, 2.0]))
    assert digest(quiet.astype("c16")) == digest(other.astype("c16"))
    assert digest(np.array([np.inf, -np.inf])) != digest(np.array([np.inf, np.inf]))
    assert other.view("u8")[1] == 0xFFF8000000000001


def test_minus_zero_differs():
    assert digest(np.array([0.0])) != digest(np.array([-0.0]))


def test_padding_of_structures_does_not_count():
    fields = [("a", "i1"), ("b", "f8", (2,))]
    wide, tight = np.zeros(3, np.dtype(fields, align=True)), np.zeros(3, fields)
    wide.view("u1")[:] = 7
    wide["a"], wide["b"] = 1, np.nan
    tight["a"], tight["b"] = 1, np.nan
    again = np.zeros(3, wide.dtype)
    again["a"], again["b"] = 1, np.nan
    assert digest(wide) == digest(again) != digest(tight)
    again["b"][0, 1] = 5
    assert digest(wide) != digest(again)


def test_scalars_are_not_python_numbers():
    found = [
        digest(item) for item in (np.float64(1), 1.0, np.float32(1), np.int64(1), 1, np.bool_(True), True, np.array(1))
    ]
    assert len(set(found)) == len(found)


def test_objects_count_one_by_one():
    assert digest(np.array([1, "a", None], dtype=object)) != digest(np.array([1, "a", 0], dtype=object))
    with pytest.raises(UnencodableError) as caught:
        digest({"x": np.array([[1, 2], [3, threading.Lock()]], dtype=object)})
    assert caught.value.path == "['x'][1, 1]"


def test_each_thing_that_a_masked_array_shows_counts():
    found = [
        np.array([1, 2, 3]),
        np.ma.array([1, 2, 3]),
        np.ma.array([1, 2, 3], mask=[0, 0, 0]),
        np.ma.array([1, 2, 3], mask=[0, 1, 0]),
        np.ma.array([1, 9, 3], mask=[0, 1, 0]),
        np.ma.array([1, 2, 3], mask=[0, 1, 0], fill_value=7),
        np.ma.array([1, 2, 3], mask=[0, 1, 0], hard_mask=True),
        np.ma.array(np.array([1, 2, 3]).view(np.recarray), mask=[0, 1, 0]),
    ]
    assert len({digest(each) for each in found}) == len(found)
    asked = np.ma.array([1, 2, 3])
    assert asked.fill_value == 999999
    assert digest(asked) == digest(found[1]) == digest(found[1].copy())


def test_a_subclass_of_a_scalar_counts_with_its_state(project):
    text = "import numpy as np\nclass Metres(np.float64):\n    def f(self): return {}\n"
    one, other = project(one=text.format(1)).Metres, project(other=text.format(2)).Metres
    other.__module__ = "one"
    noted = one(1.5)
    noted.unit = "m"
    assert len({digest(each) for each in (np.float64(1.5), one(1.5), other(1.5), noted)}) == 4


def test_a_mapped_file_is_an_array(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(5.0))
    assert digest(np.load(tmp_path / "a.npy", mmap_mode="r")) == digest(np.arange(5.0))


def test_subclasses_differ():
    class Mine(np.ndarray):
        pass

    mine = np.arange(3).view(Mine)
    before = digest(mine)
    assert before != digest(np.arange(3))
    mine.unit = "m"
    assert digest(mine) != before


def test_the_state_and_the_code_of_a_subclass_count(project):
    text = "import numpy as np\nclass {kind}(np.{base}):\n    def f(self): return {}\n"
    for base, plain in (("ndarray", np.arange(3)), ("ma.MaskedArray", np.ma.arange(3))):
        name = base.rpartition(".")[2]
        one = project(**{f"one_{name}": text.format(1, kind="Mine", base=base)}).Mine
        other = project(**{f"other_{name}": text.format(2, kind="Mine", base=base)}).Mine
        other.__module__ = one.__module__
        noted = plain.view(one)
        noted.unit = "m"
        assert len({digest(each) for each in (plain, plain.view(one), plain.view(other), noted)}) == 4


def test_each_thing_that_a_dtype_says_counts():
    plain = np.zeros(1, [("a", "i4")])
    found = [
        plain,
        plain.view(np.dtype((np.record, [("a", "i4")]))),
        plain.view([(("title", "a"), "i4")]),
        plain.astype(np.dtype([("a", "i4")], metadata={"unit": "m"})),
        plain.astype(np.dtype([("a", "i4")], metadata={"unit": "km"})),
        plain["a"],
        plain["a"].astype(np.dtype("i4", metadata={"unit": "m"})),
        plain.view(np.dtype({"names": ["a"], "formats": ["i4"], "offsets": [0], "itemsize": 4}, align=True)),
        np.zeros(1, np.dtype({"names": ["a"], "formats": ["i4"], "offsets": [4], "itemsize": 8})),
        np.zeros(1, np.dtype({"names": ["a"], "formats": ["i4"], "offsets": [0], "itemsize": 8})),
    ]
    assert len({digest(each) for each in found}) == len(found)


def test_each_thing_that_a_text_dtype_says_counts():
    kind = np.dtypes.StringDType
    dtypes = [kind(), kind(coerce=False), kind(na_object=None), kind(na_object=np.nan), kind(na_object="?")]
    assert len({digest(np.array(["a"], each)) for each in dtypes}) == len(dtypes)
    assert digest(np.array(["a"], kind())) == digest(np.array(["a"], kind()))


def test_other_things_of_numpy():
    assert digest(np.dtype("f4")) != digest(np.dtype("f8"))
    assert digest(np.add) == digest(np.add) != digest(np.subtract)
    assert digest(np.random.default_rng(1)) == digest(np.random.default_rng(1)) != digest(np.random.default_rng(2))
    assert digest(np.longdouble("1.5")) == digest(np.longdouble("1.5")) != digest(np.longdouble("1.25"))


def test_encoding_is_the_golden_one():
    assert encode(np.array([[1, 2]], "<i2")).hex() == "6e73333a3c693274323a69313b69323b01000200"
    assert digest(np.array([0.5, np.nan])) == digest(np.array([0.5, -np.nan]))
