from __future__ import annotations

import os
import shutil

import pytest

from pyperunner_cache import open_store

KEY = "T()/1"


@pytest.mark.parametrize("codec", ["gzip", "raw"])
@pytest.mark.parametrize("kind", ["zeros", "noise", "mixed"])
def test_twenty_megabytes(tmp_path, codec, kind):
    noise = os.urandom(20 << 20)
    value = {
        "zeros": {"a": bytearray(20 << 20)},
        "noise": {"a": bytearray(noise), "b": noise},
        "mixed": {"a": bytearray(noise[: 5 << 20] + bytes(5 << 20)), "s": "é" * (3 << 20), "l": list(range(300_000))},
    }[kind]
    store = open_store(tmp_path / "s", codec=codec)
    store.save(KEY, value)
    assert store.load(KEY) == value
    if codec == "gzip":
        size = sum(len(part) for part in value.values() if isinstance(part, (bytes, bytearray)))
        assert os.path.getsize(store.locate(KEY)) < size * 1.002 + 4_000_000


def test_mapped_arrays_are_copy_on_write(tmp_path):
    np = pytest.importorskip("numpy")
    store = open_store(tmp_path / "s", codec="raw")
    store.save(KEY, {"a": np.arange(1_000_000), "b": np.zeros(3)})
    one, other = store.load(KEY), store.load(KEY)
    one["a"][:] = 7
    one["b"][:] = 7
    assert other["a"][5] == 5
    assert store.load(KEY)["a"][5] == 5
    assert one["a"].ctypes.data % 64 == 0
    store.save(KEY, {"a": 1})
    store.delete(KEY)
    assert other["a"].sum() == 499999500000


def test_loaded_arrays_are_writable(any_store):
    np = pytest.importorskip("numpy")
    any_store.save(KEY, [np.arange(10), np.arange(1_000_000)])
    small, large = any_store.load(KEY)
    small[0] = large[0] = 5
    assert any_store.load(KEY)[1][0] == 0


def test_children_are_forked_from_a_single_thread_again(tmp_path):
    import threading

    before = threading.active_count()
    store = open_store(tmp_path / "s")
    store.save(KEY, bytearray(30 << 20))
    store.load(KEY)
    assert threading.active_count() == before


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("codec", ["gzip", "raw"])
@pytest.mark.parametrize("size", [(2 << 30) + 5, (4 << 30) + 5])
def test_beyond_two_and_four_gigabytes(tmp_path, codec, size):
    np = pytest.importorskip("numpy")
    if shutil.disk_usage(tmp_path).free < 2 * size:
        pytest.skip("needs twice the value's size on the disk")
    store = open_store(tmp_path / "s", codec=codec)
    value = np.zeros(size, "u1")
    value[:: 1 << 20] = 3
    value[-1] = 9
    store.save(KEY, {"a": value})
    found = store.load(KEY)["a"]
    assert found.shape == value.shape
    assert (found == value).all()
    del found
    store.save(KEY, value.tobytes())
    assert store.load(KEY) == value.tobytes()
