"""What packing and unpacking refuse: depth, foreign modules, claims of sizes that are not there."""

from __future__ import annotations

import pytest

from pyperunner_cache import UnstorableError
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
