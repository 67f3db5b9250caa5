from __future__ import annotations

import pytest


def test_what_was_set_aside_is_bounded_and_swept(store):
    for number in range(25):
        key = f"T()/{number}"
        store.save(key, 1)
        with open(store.locate(key), "wb") as file:
            file.write(b"broken")
        with pytest.warns(UserWarning, match="set aside as"), pytest.raises(KeyError):
            store.load(key)
    assert store.stat()["aside"] == 20
    assert store.stat()["aside_bytes"] == 20 * 6
    assert store.gc()["orphans"] == 20
    assert store.stat()["aside"] == 0
