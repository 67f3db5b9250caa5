from __future__ import annotations

import ast

import pytest

from pyperunner_keys.code.reading.scope import Import, Scope, bind, imports_of


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a = b = 1", "a b"),
        ("a, (b, *c) = d", "a b c"),
        ("a += 1", "a"),
        ("a: int = b", "a"),
        ("a.b = c[d] = 1", ""),
        ("for a in b: c = 1", "a c"),
        ("with a as b, c() as (d, e): pass", "b d e"),
        ("try: pass\nexcept A as b: c = 1\nfinally: d = 1", "b c d"),
        ("import a.b, c as d", "a d"),
        ("from a import b as c, d", "c d"),
        ("def a(b=(c := 1)): d = 1", "a c"),
        ("class A(B, m=(c := 1)): d = 1", "A c"),
        ("lambda a: (b := a)", ""),
        ("[a for a in b]", ""),
        ("[(a := c) for c in b]", "a"),
        ("if (a := b): pass", "a"),
        ("match a:\n    case {'k': b, **c}: pass\n    case [d, *e]: pass\n    case f.G(h=i) as j: pass", "b c d e i j"),
        ("del a", "a"),
    ],
)
def test_names_that_are_bound(text, names):
    scope = Scope(None, "function")
    bind([ast.parse(text)], scope)
    assert scope.bound == {*names.split()}


def test_names_from_outside():
    scope = Scope(None, "function")
    bind([ast.parse("def f():\n    global a\n    nonlocal b").body[0].body[0]], scope)
    assert scope.outward == {"a"}


def test_what_imports_bind():
    assert imports_of(ast.parse("import a.b, c.d as e").body[0]) == {"a": Import("a"), "e": Import("c.d")}
    found = imports_of(ast.parse("from ..a import b as c, d").body[0])
    assert found == {"c": Import("a", 2, "b"), "d": Import("a", 2, "d")}
    assert imports_of(ast.parse("from . import *").body[0]) == {"*": Import("", 1, "*")}
