from __future__ import annotations

import pytest

from pyperunner_openlineage.datasets import files_in, name_of_entry, name_of_file


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ("/data/cache", ("file", "/data/cache/Load()/0f")),
        ("file:///data/cache/", ("file", "/data/cache/Load()/0f")),
        ("s3://bucket/cache", ("s3://bucket", "cache/Load()/0f")),
        ("s3://bucket", ("s3://bucket", "Load()/0f")),
        ("redis://user:secret@host:6379/0?prefix=team", ("redis://host:6379", "0/Load()/0f")),
    ],
)
def test_an_entry_is_named_by_its_store_and_key(store, expected):
    assert name_of_entry(store, "Load()/0f") == expected


def test_a_file_is_named_by_where_it_is():
    assert name_of_file("raw/../people.csv", "/work") == ("file", "/work/people.csv")
    assert name_of_file("/raw/people.csv", "/work") == ("file", "/raw/people.csv")


def test_files_are_found_wherever_they_are_in_params():
    params = {"a": {"$file": "a.csv"}, "b": [1, {"x": {"$folder": {"path": "raw", "glob": "*"}}}], "c": "text"}
    assert list(files_in(params)) == ["a.csv", "raw"]
