from __future__ import annotations

import os

import pytest

from pyperunner_results import PipelineResult, StoreUnavailable
from pyperunner_results.reading.outputs import Outputs

PLUGIN = """
import json, os
class Reader:
    def __init__(self, url, **options): self.url, self.pid, self.options = url, os.getpid(), options
    def missing(self, keys): return set(keys)
    def load(self, key): return [self.url, self.pid, *([self.options] if self.options else [])]
def broken(url): raise OSError("no such bucket")
"""


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Installs a distribution that registers stores, as a wheel would."""
    site = tmp_path / "site"
    info = site / "some_stores-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "some_stores.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some-stores\nVersion: 1.0\n")
    entries = "good = some_stores:Reader\nbad = some_stores:broken\ngone = no_such_module:x\n"
    (info / "entry_points.txt").write_text(f"[pyperunner.stores]\n{entries}")
    monkeypatch.syspath_prepend(site)


def test_a_store_is_opened_by_its_scheme_and_others_do_not_matter(plugins):
    assert Outputs("good://x/y").load("k") == ["good://x/y", os.getpid()]


def test_a_store_is_opened_with_what_was_recorded_and_what_is_given(plugins):
    conf = {"tasks": {"A()": {"name": "A", "hash": "1"}}}
    run = {"data_path": "good://x", "storage_options": {"endpoint_url": "http://there", "region": "eu"}}
    results = PipelineResult({**conf, "run": run}, storage_options={"region": "us", "secret": "s"})
    assert results["A()"][2:] == [{"storage_options": {"endpoint_url": "http://there", "region": "us", "secret": "s"}}]
    assert PipelineResult({**conf, "run": {"data_path": "good://x"}})["A()"][2:] == []
    moved = PipelineResult({**conf, "run": run}, "good://elsewhere")
    assert moved["A()"][2:] == []
    moved.set_data_path("good://elsewhere", {"secret": "s"})
    assert moved["A()"][2:] == [{"storage_options": {"secret": "s"}}]


FORK = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pyperunner_results.reading.outputs import Outputs
outputs = Outputs("GOOD://x")
assert outputs._reader() is outputs._reader()
child = os.fork()
if child == 0:
    os._exit(0 if outputs.load("k")[1] == os.getpid() else 3)
print(os.waitpid(child, 0)[1])
"""


def test_a_store_is_opened_once_per_process(plugins, python, tmp_path):
    done = python(FORK, tmp_path / "site")
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("bad://user:pw@x", "'bad://x': OSError: no such bucket"),
        ("gone://x", "no_such_module"),
        ("/no/such/folder", "no such folder"),
        ("", "names no store"),
    ],
)
def test_what_cannot_be_opened_says_why(plugins, place, words):
    with pytest.raises(StoreUnavailable) as caught:
        Outputs(place).load("k")
    assert words in str(caught.value)
    assert "pw" not in str(caught.value)


def test_an_unknown_scheme_lists_the_known_ones(plugins):
    with pytest.raises(StoreUnavailable, match=r"Known are: (.*, )?bad, .*good"):
        Outputs("nosuch://x").load("k")


def test_without_any_store_it_names_the_package_to_install(python, tmp_path):
    script = (
        "import sys, pyperunner_text.plugins as p; p.plugins = lambda group: []\n"
        "from pyperunner_results.reading.outputs import Outputs; Outputs(sys.argv[1]).load('k')"
    )
    done = python(script, tmp_path)
    assert "pip install pyperunner-cache" in done.stderr.splitlines()[-1]


def test_an_object_is_used_as_it_is(json_folder, tmp_path):
    reader = json_folder(tmp_path)
    reader.save("A()/1", [1])
    outputs = Outputs(reader)
    assert outputs.load("A()/1") == [1]
    assert outputs.missing(["A()/1", "B()/1"]) == {"B()/1"}
    assert outputs.name == "JsonFolder"
