from __future__ import annotations

import pytest

from pyperunner_keys.code.reading.bytecode import code_form, nested_codes, read_code
from pyperunner_keys.code.reading.scope import Import


def code(text):
    names: dict = {}
    exec(compile(text, "<gone>", "exec", dont_inherit=True), names)
    return names["f"].__code__


def test_where_it_stands_does_not_count():
    assert code_form(code("def f(): return 1")) == code_form(code("\n\n# x\ndef f():\n    return 1"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(): return 1", "def f(): return 2"),
        ("def f(a): return a", "def f(*a): return a"),
        ("def f(): return a", "def f(): return b"),
        ("def f(): return lambda: 1", "def f(): return lambda: 2"),
        ("def f(): yield 1", "def f(): return 1"),
    ],
)
def test_what_it_does_counts(one, other):
    assert repr(code_form(code(one))) != repr(code_form(code(other)))


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        ("def f(): return a(b.c.d())", {("a",), ("b", "c", "d")}),
        ("def f(x): return [g(y) for y in x]", {("g",)}),
        ("def f():\n import a\n return a.b", {(Import("a"),)}),
        ("def f():\n from .a import b, c\n return b", {(Import("a", 1, "b"),), (Import("a", 1, "c"),)}),
    ],
)
def test_names_from_outside(text, uses):
    assert uses <= read_code(code(text)).uses


def test_what_cannot_be_read_is_a_gap():
    assert set(read_code(code("def f(x): return eval(x), getattr(f, x)")).gaps) == {"eval", "getattr"}
    assert read_code(code("def f():\n global n\n n = 1")).changed == {("n",)}


def test_inner_code_is_found():
    names = [item.co_name for item in nested_codes(code("def f():\n def g(): return lambda: 1\n return g"))]
    assert names == ["f", "g", "<lambda>"]


def test_what_code_changes_is_seen_in_its_byte_code_too():
    text = "def f(x): A.append(x); B['x'] = x; C.part.name = x; print(E['x'], F.name)\n    "
    text = text.replace("; ", "\n    ").replace("f(x): ", "f(x):\n    ") + "del D[0]\n"
    found = read_code(code(text)).changed
    assert found >= {("A",), ("B",), ("C", "part", "name"), ("D",)}
    assert not found & {("E",), ("F",), ("F", "name"), ("print",)}
