from __future__ import annotations

import pytest

from pyperunner_cache.values.pack import unpack


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
