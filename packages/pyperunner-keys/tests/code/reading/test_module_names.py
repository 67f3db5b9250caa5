from __future__ import annotations

import ast
import textwrap

import pytest

from pyperunner_keys.code.reading.module_names import TopLevel
from pyperunner_keys.code.reading.scope import Import


def top(text):
    return TopLevel(ast.parse(textwrap.dedent(text)))


TEXT = """
import os, a.b
from c import d as e
from f import *
X, Y = 1, 2
TABLE = {}
TABLE["k"] = X
for i in range(3):
    TABLE[i] = Y
def go(): return TABLE
if X:
    def maybe(): pass
else:
    maybe = None
def step(f):
    STEPS.append(f)
STEPS = []
@step
def one(): pass
@go.register
def two(): pass
if __name__ == "__main__":
    TABLE.clear()
"""


def test_what_is_bound():
    found = top(TEXT)
    assert found.names() == ["STEPS", "TABLE", "X", "Y", "a", "e", "go", "i", "maybe", "one", "os", "step", "two"]
    assert found.imports == {"os": [Import("os")], "a": [Import("a")], "e": [Import("c", 0, "d")]}
    assert found.stars == [Import("f", 0, "*")]
    assert found.binds("X")
    assert not found.binds("os")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("X", ["X, Y = 1, 2", "TABLE['k'] = X", "if X:"]),
        ("TABLE", ["TABLE = {}", "TABLE['k'] = X", "for i in range(3):"]),
        ("maybe", ["if X:"]),
        ("STEPS", ["STEPS = []", "@step\ndef one():"]),
        ("go", ["def go():", "@go.register\ndef two():"]),
        ("step", ["def step(f):"]),
    ],
)
def test_statements_that_make_a_name(name, lines):
    # Python versions differ in the parentheses that they write.
    bare = str.maketrans("", "", "()")
    found = [ast.unparse(node).translate(bare) for node in top(TEXT).statements(name)]
    expected = [line.translate(bare) for line in lines]
    assert [text[: len(line)] for text, line in zip(found, expected, strict=True)] == expected


def test_effects_on_other_modules():
    found = top("import a, b, c\nfrom d import e\n@e\ndef f(): pass\na.x = 1\ny = b.z\n")
    assert [names for _, names in found.outward_effects] == [{"e"}, {"a"}]
    assert found.imports_for_effect == ["c"]


def test_exports():
    assert top("__all__ = ['_a']").exports("_a")
    assert not top("__all__ = ['_a']").exports("b")
    assert top("b = 1").exports("b")
    assert not top("_b = 1").exports("_b")
    assert top("__all__ = make()").public() is None


def test_classes_by_qualified_name():
    found = top(
        "class A:\n    class B: x = 1\ndef f():\n    class B: x = 2\n"
        "if 1:\n    class C: pass\nelse:\n    class C: pass\n"
    )
    assert [ast.unparse(node.body[0]) for node in found.find_class("A.B")] == ["x = 1"]
    assert [ast.unparse(node.body[0]) for node in found.find_class("f.<locals>.B")] == ["x = 2"]
    assert len(found.find_class("C")) == 2
    assert found.find_class("D") == []
