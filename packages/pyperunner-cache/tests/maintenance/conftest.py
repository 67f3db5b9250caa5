from __future__ import annotations

import os
import time

import pytest


def _age(store, key, seconds):
    """Make an entry look as if it had been stored and used long ago."""
    when = time.time() - seconds
    if hasattr(store, "locate"):
        os.utime(store.locate(key), (when, when))
    elif "sqlite" in str(store.backend):
        with store.backend._database.using("age", key, create=False) as database:
            database.execute("UPDATE entries SET used = ?, modified = ? WHERE key = ?", (when, when, key.encode()))
    else:
        store.backend._used[key] = when
        store.backend._entries[key].modified = when


@pytest.fixture
def filled(any_store):
    """A store with five entries, the last ones used last."""
    for number in range(5):
        any_store.save(f"T()/{number}", os.urandom(10_000))
        _age(any_store, f"T()/{number}", 1000 - number)
    return any_store
