"""Which files of a folder count."""

from __future__ import annotations

import glob
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_keys import Folder
from pyperunner_keys.files.signatures import matches

NAMES = ["a.csv", "b.txt", "ab.csv", "s/a.csv", "s/t/a.csv", "s/t/u/b.csv", "t/s/x", "t/a.csv/y", "[x]/a"]
SEGMENTS = st.sampled_from(["**", "*", "a*", "*.csv", "?.csv", "[ab].*", "s", "t", "a.csv", "[!a]*", "[[]x]"])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@settings(deadline=None, max_examples=200)
@given(st.lists(SEGMENTS, min_size=1, max_size=4))
def test_patterns_mean_what_they_mean_to_glob(tree, segments):
    pattern = "/".join(segments)
    globbed = glob.glob(pattern, root_dir=tree, recursive=True)
    expected = {name for name in globbed if os.path.isfile(tree / name) and not name.endswith("/")}
    found = {os.path.relpath(place, tree) for place in Folder(tree, pattern).files()}
    assert found == {os.path.normpath(name) for name in expected}
    assert all(matches(name, segments) is (name in found) for name in NAMES)


def test_no_folder_is_looked_into_in_which_nothing_can_match(tree, monkeypatch):
    seen = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda place: seen.append(os.path.relpath(place, tree)) or scandir(place))
    assert [os.path.relpath(place, tree) for place in Folder(tree, "s/*.csv").files()] == ["s/a.csv"]
    assert seen == [".", "s"]
