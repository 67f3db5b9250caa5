from __future__ import annotations

import pytest

from pyperunner_dag.saved.values import OpaqueFound, from_plain, to_plain
from pyperunner_keys import digest
from pyperunner_text.yaml.reader import read_yaml
from pyperunner_text.yaml.writer import to_yaml

np = pytest.importorskip("numpy")


def back(value):
    return from_plain(read_yaml(to_yaml(to_plain(value)), "x"), None)


ARRAYS = [
    *(np.arange(3.0), np.array([[1, 2], [3, 4]], "i2"), np.array(5), np.zeros((0, 3)), np.array([], "u1")),
    *(
        np.array([True, False]),
        np.array([1 + 2j], "c8"),
        np.array(["ä", "bc"]),
        np.array([b"x\0y"]),
        np.array([1.5], ">f4"),
    ),
    np.array([1.5], ">f4"),
    *(np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(10)[::2], np.arange(6).reshape(2, 3).T),
    *(np.array(["2024-01-01", "NaT"], "M8[D]"), np.array([3], "m8[ns]"), np.array([np.nan, -0.0]), np.array(["", ""])),
]
SCALARS = [
    *(np.float32(0.1), np.float64(0.1), np.int8(-3), np.uint64(2**63), np.bool_(True), np.complex64(1 + 2j)),
    *(
        np.str_("x"),
        np.bytes_(b"x"),
        np.datetime64("2024-01-01T00:00:00", "ns"),
        np.datetime64("NaT", "s"),
        np.timedelta64(3, "s"),
    ),
    *(np.float16(1.5), np.float64("nan")),
]


@pytest.mark.parametrize("value", [*ARRAYS, *SCALARS], ids=lambda value: f"{type(value).__name__}-{value.dtype.str}")
def test_there_and_back(value):
    again = back(value)
    assert digest(again) == digest(value)
    assert (type(again), again.dtype, again.shape) == (type(value), value.dtype, value.shape)


def test_an_array_that_comes_back_is_writable_and_keeps_its_order():
    array = back(np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    array[0, 0] = 7
    assert array.flags.f_contiguous


def test_scalars_can_be_read_by_people():
    assert to_plain(np.float32(0.5)) == {"$numpy": {"dtype": "<f4", "value": 0.5}}


OPAQUE = {
    "large": np.zeros(100_000),
    "structured": np.array([(1, 2.0)], "i4,f8"),
    "masked": np.ma.array([1], mask=[True]),
    "long double": np.array([1], "g"),
    "long double scalar": np.longdouble(1),
}


@pytest.mark.parametrize("value", OPAQUE.values(), ids=OPAQUE)
def test_large_and_odd_arrays_are_not_kept(value):
    with pytest.raises(OpaqueFound):
        back(value)


EDITS = [{"shape": [10**12]}, {"shape": [-1]}, {"dtype": "O"}, {"dtype": "nonsense"}, {"data": "?"}, {"order": "Z"}]


@pytest.mark.parametrize("change", EDITS, ids=str)
def test_what_was_edited_into_nonsense(change):
    form = to_plain(np.arange(3.0))["$ndarray"]
    with pytest.raises(ValueError):
        from_plain({"$ndarray": {**form, **change}}, None)


def test_a_scalar_of_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"not kept"):
        from_plain({"$numpy": {"dtype": "O", "value": 1}}, None)
