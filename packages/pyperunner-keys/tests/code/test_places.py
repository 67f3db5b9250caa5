from __future__ import annotations

import base64
import pickle
import zlib

import pytest

from pyperunner_keys import Place, fingerprint, unpack_places
from pyperunner_keys.code.places import pack_places

FLOW = """
import functools
import pack
from pack import tools
SCALE = 2
TABLE = {"double": lambda x: x * 2}
class Model:
    k = 1
    def fit(self):
        return SCALE
def outer():
    def inner(x):
        return x
    return inner
inner = outer()
def run():
    import late
    return Model().fit(), inner(1), tools.half(2), pack.whole(), TABLE["double"](3), late.K, late.f()
"""
FILES = {
    "flow": FLOW,
    "pack/__init__": "def whole():\n    return 1\n",
    "pack/tools": "@__import__('functools').cache\ndef half(x):\n    return x / 2\n",
    "late": "K = 1\ndef f():\n    return 2\n",
}


@pytest.fixture
def found(project):
    return fingerprint(project(**FILES).run)


def test_parts_have_a_kind_a_name_and_a_file(found):
    assert {name: place[:3] for name, place in found.places.items()} == {
        "flow.run": ("function", "run", "flow.py"),
        "flow.SCALE": ("constant", "SCALE", "flow.py"),
        "flow.TABLE": ("constant", "TABLE", "flow.py"),
        "flow.<lambda>": ("function", "<lambda>", "flow.py"),
        "flow.Model": ("class", "Model", "flow.py"),
        "flow.Model.k": ("constant", "Model.k", "flow.py"),
        "flow.Model.fit": ("function", "Model.fit", "flow.py"),
        "flow.outer.<locals>.inner": ("function", "outer.inner", "flow.py"),
        "pack.whole": ("function", "whole", "pack/__init__.py"),
        "pack.tools.half": ("function", "half", "pack/tools.py"),
        "late.K": ("constant", "K", "late.py"),
        "late.f": ("function", "f", "late.py"),
    }
    assert found.root == "flow.run"
    assert found.sources["late.f"] == found.places["late.f"].source == "def f():\n    return 2\n"


def test_without_source_there_is_no_file():
    names = {"__name__": "made_up"}
    exec("def f():\n    return 1", names)
    found = fingerprint(names["f"])
    assert found.places == {"made_up.f": ("function", "made_up.f", "", "")}


def test_code_that_does_not_count_has_no_root(project):
    assert fingerprint(project(**FILES).run, code="off").root == ""


def test_what_is_packed_is_unpacked(found):
    assert unpack_places(found.packed) == found.places
    assert unpack_places(pickle.loads(pickle.dumps(found)).packed) == found.places
    assert len(found.packed) < 1200


def test_much_text_is_left_out_the_first_kept():
    places = {name: Place("function", name, "a.py", name * 40_000) for name in "abc"}
    found = unpack_places(pack_places(places, ["b"]))
    assert [name for name in found if found[name].source] == ["b"]
    assert [place[:3] for place in found.values()] == [("function", name, "a.py") for name in "bac"]


def _packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


@pytest.mark.parametrize("packed", [None, "", "no base64 \0", "AAAA", 3, *map(_packed, (b"[]", b"{", b"\xff"))])
def test_what_was_not_packed_is_nothing(packed):
    assert unpack_places(packed) == {}


def test_a_bomb_is_not_unpacked():
    assert unpack_places(_packed(b'{"a": ["' + b"x" * (1 << 25) + b'", "", "", ""]}')) == {}
