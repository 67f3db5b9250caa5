from __future__ import annotations

import pytest

from pyperunner_cache import UnstorableError
from pyperunner_cache.values.pack import pack, unpack

np = pytest.importorskip("numpy")


RECORD = np.dtype([("a", "<i4"), ("b", ">f8", (2,)), ("c", "S3")])
ARRAYS = {
    "ints": np.arange(10),
    "big": np.arange(100_000, dtype=">u2"),
    "0-d": np.array(3.5),
    "empty": np.empty((0, 3), "f4"),
    "fortran": np.asfortranarray(np.arange(6000.0).reshape(60, 100)),
    "strided": np.arange(10_000)[::3],
    "transposed": np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0),
    "negative": np.arange(5)[::-1],
    "bool": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "half": np.array([1.5], "f2"),
    "longdouble": np.array([1.1], np.longdouble),
    "datetime": np.array(["2024-01-01", "NaT"], "M8[ns]"),
    "timedelta": np.array([1], "m8[D]"),
    "unicode": np.array(["é", "abc"]),
    "bytes": np.array([b"ab"]),
    "no width": np.array(["", ""], "U0"),
    "record": np.zeros(3, RECORD),
    "aligned": np.zeros(3, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "offsets": np.zeros(2, np.dtype({"names": ["a"], "formats": ["i4"], "offsets": [8], "itemsize": 16})),
    "nan payload": np.array([0x7FF0000000000001], "u8").view("f8"),
    "void": np.zeros(2, "V5"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_come_back_without_a_pickle(name, trip):
    array = ARRAYS[name]
    found = trip(array, pickles=False)
    assert type(found) is np.ndarray
    assert found.dtype == array.dtype
    assert found.dtype.isalignedstruct == array.dtype.isalignedstruct
    assert found.shape == array.shape
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable
    assert found.flags.f_contiguous == (array.flags.f_contiguous or found.ndim <= 1 or not found.size)


@pytest.mark.parametrize(
    "scalar",
    [
        np.float32(1.5),
        np.float64(-0.0),
        np.int8(-1),
        np.uint64(2**64 - 1),
        np.bool_(True),
        np.complex64(1j),
        np.str_("é"),
        np.str_(""),
        np.bytes_(b"x\0y"),
        np.datetime64("2024-01-01T00:00:00.123"),
        np.datetime64("NaT", "s"),
        np.timedelta64(5, "h"),
        np.longdouble("1.1"),
        np.zeros(1, RECORD)[0],
    ],
    ids=repr,
)
def test_scalars_come_back(scalar, trip):
    found = trip({"k": scalar}, pickles=False)["k"]
    assert type(found) is type(scalar)
    assert found.dtype == scalar.dtype
    assert repr(found) == repr(scalar)


def test_masked_arrays(trip):
    for array in (
        np.ma.array([1, 2, 3], mask=[0, 1, 0], fill_value=7),
        np.ma.array([1.5, 2.5]),
        np.ma.array([1, 2], mask=[1, 0], hard_mask=True),
        np.ma.array(np.arange(6).reshape(2, 3), mask=np.eye(2, 3)),
    ):
        found = trip(array, pickles=False)
        assert type(found) is np.ma.MaskedArray
        assert found.dtype == array.dtype
        assert (found.data == array.data).all()
        assert (found.mask == array.mask).all()
        assert (found.mask is np.ma.nomask) == (array.mask is np.ma.nomask)
        assert found.fill_value == array.fill_value
        assert found.hardmask == array.hardmask


def test_objects_matrices_and_metadata_go_to_pickle(trip):
    shared = [1]
    objects = np.array([shared, None, shared], dtype=object)
    found = trip(objects)
    assert found.dtype == object
    assert found[0] is found[2]
    assert trip(np.zeros(2, np.dtype("f8", metadata={"unit": "m"}))).tolist() == [0, 0]
    assert type(trip(np.zeros(2).view(np.recarray))) is np.recarray
    for value in (objects, np.zeros(2).view(np.recarray)):
        with pytest.raises(UnstorableError):
            pack(value, pickles=False)


def test_one_array_twice_stays_one(trip):
    array = np.arange(5000)
    one, other = trip([array, array])
    assert one is other


def test_large_buffers_are_not_copied():
    array = np.arange(100_000)
    parts = pack({"a": array})
    assert np.shares_memory(np.frombuffer(parts[1], array.dtype), array)
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": array})
    parts = pack(frame)
    assert any(np.shares_memory(np.frombuffer(part, np.uint8), frame["x"].to_numpy()) for part in parts[1:])


def test_raw_bytes_are_never_taken_for_objects():
    import msgpack

    from pyperunner_cache import DamagedEntryError
    from pyperunner_cache.values.type_codes import Code

    forged = msgpack.packb(["|O", [1], "C", b"\1\2\3\4\5\6\7\0"])
    with pytest.raises(DamagedEntryError, match="objects"):
        unpack([msgpack.packb(msgpack.ExtType(Code.NDARRAY, forged))])
