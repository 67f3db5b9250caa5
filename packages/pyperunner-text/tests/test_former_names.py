"""What has moved is found under its former name, by every kind of pickle."""

from __future__ import annotations

import pickle
import sys

import pytest

from pyperunner_text.former_names import keep_former_name


class Moved:
    pass


@pytest.fixture
def former():
    keep_former_name("pyperunner_former_home", Moved)
    yield "pyperunner_former_home"
    Moved.__module__ = __name__
    del sys.modules["pyperunner_former_home"]


def test_a_pickle_names_the_former_module_and_is_read(former):
    data = pickle.dumps(Moved())
    assert former.encode() in data
    assert type(pickle.loads(data)) is Moved


def test_the_former_module_is_among_the_loaded_ones(former):
    assert sys.modules[former].Moved is Moved


def test_a_module_that_is_loaded_already_stays(former):
    there = sys.modules[former]
    Moved.__module__ = "json"
    keep_former_name(former, Moved)
    assert sys.modules[former] is there
