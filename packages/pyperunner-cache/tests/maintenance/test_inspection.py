from __future__ import annotations

import threading


def test_stat_counts(filled):
    found = filled.stat()
    assert found["entries"] == 5
    assert 50_000 < found["bytes"] < 55_000
    assert found["aside"] == found["orphans"] == 0


def test_verify_finds_what_is_damaged(filled):
    assert filled.verify() == {"checked": 5, "damaged": {}}
    blob = filled.backend.get("T()/3")
    content = bytearray(blob.read(0, blob.size))
    blob.close()
    content[5000] ^= 1
    filled.backend.put("T()/3", [content], "result.dump.gz")
    found = filled.verify()
    assert found["checked"] == 5
    assert list(found["damaged"]) == ["T()/3"]
    assert "checksum" in found["damaged"]["T()/3"]


def test_verify_of_many_checks_each_once(store):
    """More than one thread looks at once: damage and what is gone are told all the same, and so is what is large."""
    for number in range(400):
        store.save(f"T({number % 3})/{number}", number)
    store.save("T(0)/large", b"x" * 200_000)
    for number in (3, 333):
        store.backend.put(f"T({number % 3})/{number}", [b"no entry"], "result.dump.gz")
    told, threads = [], threading.active_count()
    found = store.verify(progress=told.append)
    assert found["checked"] == 401
    assert sorted(found["damaged"]) == ["T(0)/3", "T(0)/333"]
    assert told == [401]
    assert store.verify() == {"checked": 399, "damaged": {}}
    assert threading.active_count() == threads
