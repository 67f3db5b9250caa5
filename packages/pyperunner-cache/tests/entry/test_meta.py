"""What a writer notes beside a value comes back, however large it is."""

from __future__ import annotations

import pytest

from pyperunner_cache import open_store
from pyperunner_cache.entry.meta import pack_meta, unpack_meta

KEY = f"Files()/{0:032x}"


@pytest.mark.parametrize(
    "noted",
    [
        {"text": "x" * (1 << 20)},
        {"bytes": b"x" * (1 << 20), "n": 1},
        {"deep": {"list": ["y" * (1 << 20), bytearray(5000)]}},
        {"elements": {"[]": {"labels": None, "digests": "0123456789abcdef" * 80_000}}},
    ],
    ids=lambda noted: next(iter(noted)),
)
def test_large_notes_come_back(tmp_path, noted):
    assert unpack_meta(pack_meta(noted)) == noted
    store = open_store(tmp_path)
    store.save(KEY, 1, noted)
    assert {name: store.meta(KEY)[name] for name in noted} == noted
    assert store.load(KEY) == 1


def test_large_arrays_among_them_come_back():
    np = pytest.importorskip("numpy")
    assert (unpack_meta(pack_meta({"a": np.arange(100_000)}))["a"] == np.arange(100_000)).all()
