"""What has moved is found under its former name, by every kind of pickle."""

from __future__ import annotations

import importlib
import pickle
import sys

import pytest

from pyperunner_text.former_names import keep_former_modules, keep_former_name


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


@pytest.fixture
def gone(monkeypatch):
    """A former module of the package ``json``, whose home nobody has imported yet."""
    monkeypatch.delitem(sys.modules, "json.tool", raising=False)
    keep_former_modules("json", {"_gone": "tool"})
    yield "json._gone"
    del sys.modules["json._gone"]


def test_a_module_that_is_gone_leads_to_its_home_when_it_is_asked(gone):
    module = importlib.import_module(gone)
    assert "json.tool" not in sys.modules
    assert module.main is importlib.import_module("json.tool").main
    with pytest.raises(AttributeError, match="nothing"):
        module.nothing


def test_looking_through_all_modules_imports_no_home(gone):
    assert [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    assert "json.tool" not in sys.modules
