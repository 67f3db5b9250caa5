from __future__ import annotations


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
