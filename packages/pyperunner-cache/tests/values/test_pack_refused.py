"""What packing and unpacking refuse: depth, foreign modules, claims of sizes that are not there."""

from __future__ import annotations

import pytest

from pyperunner_cache import ForeignEntryError, UnstorableError
from pyperunner_cache.values.pack import pack, unpack


def test_depth():
    deep = []
    for _ in range(250):
        deep = [deep]
    assert unpack(pack(deep)) == deep
    with pytest.raises(UnstorableError, match="levels deep"):
        pack(deep, pickles=False)
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(UnstorableError, match="nested too deeply"):
        pack(deep)
    while deep:
        deep = deep.pop()


def test_safe_mode_imports_nothing(tmp_path, monkeypatch):
    (tmp_path / "evilmodule.py").write_text("import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\n")
    monkeypatch.syspath_prepend(tmp_path)
    import sys

    import evilmodule

    packed = pack(evilmodule.A(1))
    del sys.modules["evilmodule"]
    with pytest.raises(ForeignEntryError, match="import evilmodule yourself"):
        unpack(packed, pickles=False)
    assert "evilmodule" not in sys.modules
    assert unpack(packed).x == 1
    sys.modules.pop("evilmodule")


@pytest.mark.parametrize(
    "claim", [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff\x01"]
)
def test_claims_of_four_gigabytes_allocate_nothing(claim):
    import tracemalloc

    from pyperunner_cache import DamagedEntryError

    tracemalloc.start()
    with pytest.raises(DamagedEntryError):
        unpack([claim])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
