from __future__ import annotations

import pytest

from pyperunner_cache import open_store
from pyperunner_cache.testing import BackendContract


class TestFileBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"{tmp_path}/store"


def test_of_many_keys_those_without_an_entry_are_missing(tmp_path):
    """Whether the name, the entry, or the whole store is not there; odd names are found among the folders."""
    store = open_store(tmp_path / "store")
    keys = [f"T({number}/ü)/{'0' * 32}" for number in range(300)]
    assert store.missing(keys) == set(keys)
    assert not (tmp_path / "store").exists()
    for key in keys[:200]:
        store.save(key, 1)
    other = f"T(0/ü)/{'1' * 32}"
    assert store.missing([*keys, other]) == {*keys[200:], other}
