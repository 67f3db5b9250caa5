from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pyperunner_runner.determinism.surroundings import EVERYTHING, changed_surroundings


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    for name in ("MINE", "DECLARED"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setattr(sys, "path", ["", *sys.path])


def test_everything_is_changed_and_put_back(tmp_path):
    before = dict(os.environ), str(Path.cwd()), list(sys.path)
    with pytest.raises(ZeroDivisionError), changed_surroundings(EVERYTHING, tmp_path / "away", {"DECLARED"}):
        assert "MINE" not in os.environ
        assert (os.environ["DECLARED"], os.environ["PATH"]) == ("mine", before[0]["PATH"])
        assert os.environ["TZ"] != before[0].get("TZ")
        assert os.environ["PYTHONHASHSEED"].isdecimal()
        assert str(Path.cwd()) == os.path.realpath(tmp_path / "away")
        assert sys.path[0] == before[1]  # modules beside the program are found all the same
        raise ZeroDivisionError
    assert (dict(os.environ), str(Path.cwd()), list(sys.path)) == before


@pytest.mark.parametrize("what", ["order", "another order", "environment", "folder"])
def test_one_change_leaves_the_others(tmp_path, what):
    before = {"environment": os.environ["MINE"], "folder": str(Path.cwd()), "order": os.environ.get("PYTHONHASHSEED")}
    with changed_surroundings([what], tmp_path, ()):
        now = {
            "environment": os.environ.get("MINE"),
            "folder": str(Path.cwd()),
            "order": os.environ.get("PYTHONHASHSEED"),
        }
    assert {name for name in now if now[name] != before[name]} == {what.removeprefix("another ")}


def test_two_orders_are_two(tmp_path):
    seeds = set()
    for what in ("order", "another order"):
        with changed_surroundings([what], tmp_path, ()):
            seeds.add(os.environ["PYTHONHASHSEED"])
    assert len(seeds) == 2
