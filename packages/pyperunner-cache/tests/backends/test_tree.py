from __future__ import annotations


def test_cut_names_are_listed_by_their_key(store):
    key = "x" * 500 + "/1"
    store.save(key, 1)
    assert [entry["key"] for entry in store.entries()] == [key]
    assert store.clear() == 1
