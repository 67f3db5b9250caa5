from __future__ import annotations

import pytest

from pyperunner_cache import BadSizeError, open_store


@pytest.mark.parametrize("amount", ["lots", "5 parsecs", -1, "", None, float("nan"), True])
def test_amounts_that_are_none(tmp_path, amount):
    store = open_store(tmp_path / "s")
    if amount is not None:
        with pytest.raises(BadSizeError):
            store.gc(max_size=amount)
        with pytest.raises(BadSizeError):
            open_store(tmp_path / "s", max_size=amount)
