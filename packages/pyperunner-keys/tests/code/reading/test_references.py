from __future__ import annotations

import ast

import pytest

from pyperunner_keys.code.reading.references import read_function, read_hints, read_statements
from pyperunner_keys.code.reading.scope import Import


def read(body):
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return read_function(ast.parse(f"def f(p, *args, q=0, **kw):\n{lines}").body[0])


def uses(body):
    return {label for label, _ in read(body).sorted_uses}


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("return p + q + a", "a"),
        ("return a.b.c(d.e)", "a.b.c d.e"),
        ("return a[b].c", "a b"),
        ("return a().b", "a"),
        ("x = a; return x.y", "a"),
        ("global x\nx = a", "a x"),
        ("return [x + a for x in b if c(x)]", "a b c"),
        ("return [x for x in x]", "x"),
        ("return {k: v for k, v in p for z in k if a}", "a"),
        ("return lambda x=a: x + b", "a b"),
        ("def g(x=a):\n    return x + b + p\nreturn g", "a b"),
        ("def g():\n    y = 1\n    def h():\n        return y + a\n    return h", "a"),
        ("class A(B, metaclass=M):\n    x: T = a\n    def go(self):\n        return x\nreturn A", "B M T a x"),
        ("class A:\n    x = x\nreturn A", "x"),
        ("x: T = a", "a"),
        ("try: pass\nexcept (A, b.B) as e: raise e", "A b.B"),
        ("match p:\n    case a.B(x): return x\n    case [y, *z]: return y, z", "a.B"),
        ("if (n := a) > 1: return n", "a"),
        ("return f'{a!r:>{b}}'", "a b"),
        ("return getattr(a, 'b').c", "a.b.c"),
        ("@a(b)\ndef g(x: T) -> R: pass", "R T a b"),
        ("with a() as x, x.y: pass", "a"),
        ("a.b = 1", "a.b"),
        ("del a[b]", "a b"),
        ("return eval('a + b')", "a b eval"),
        ("return eval(a)", "a eval globals()"),
        ("return globals()[p]", "globals globals()"),
        ("async for x in a: await b(x)", "a b"),
        ("return super().go()", "super"),
        ("print(a if b else c)", "a b c print"),
    ],
)
def test_names_from_outside(body, names):
    assert uses(body) == {*names.split()}


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        ("import a.b\nreturn a.b.c()", ["import a.b.c"]),
        ("import a.b as c\nreturn c.d()", ["import a.b.d"]),
        ("from a.b import c as d\nreturn d.e", ["import a.b:c.e"]),
        ("from ..a import b\nreturn b", ["import ..a:b"]),
        ("from . import b\nreturn b.c", ["import .:b.c"]),
        ("import a", ["import a"]),
        ("import a.b", ["import a.b"]),
        ("from a import b", []),
        (
            "import importlib\nreturn importlib.import_module('a.b').c",
            ["import a.b.c", "import importlib.import_module"],
        ),
        ("if p:\n    from a import x\nelse:\n    from b import x\nreturn x", ["import a:x", "import b:x"]),
        ("import a\ndef g():\n    return a.b\nreturn g", ["import a.b"]),
    ],
)
def test_imports_inside(body, labels):
    assert sorted(uses(body)) == labels


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("return getattr(a, p)", "getattr(a, p)"),
        ("import a\nreturn getattr(a, p)", "getattr(a, p)"),
        ("import importlib\nreturn importlib.import_module(p)", "importlib.import_module(p)"),
        ("return __import__(p)", "__import__(p)"),
        ("return eval(p)", "eval(p)"),
        ("exec('a' + p)", "exec('a' + p)"),
        ("return globals()[p]", "globals()"),
        ("return A.__subclasses__()", "A.__subclasses__()"),
        ("import sys\nreturn sys.modules[p]", None),
    ],
)
def test_what_is_made_at_run_time_is_a_gap(body, text):
    if text is not None:
        assert [*read(body).gaps] == [text]


@pytest.mark.parametrize("call", ["default_rng()", "default_rng(None)", "RandomState(seed=None)", "SeedSequence()"])
@pytest.mark.parametrize(
    "body",
    [
        "return numpy.random.{}",
        "import numpy as np\nreturn np.random.{}.random()",
        "from numpy.random import default_rng, RandomState, SeedSequence\nreturn {}",
        "return {}",
    ],
)
def test_a_generator_without_a_seed_is_a_gap(body, call):
    assert "give it a seed" in next(iter(read(body.format(call)).gaps.values()))


@pytest.mark.parametrize(
    "call", ["default_rng(3)", "default_rng(p)", "RandomState(seed=q)", "default_rng(*args)", "rng()"]
)
def test_a_generator_with_a_seed_is_none(call):
    assert not read(f"return np.random.{call}").gaps


def test_what_local_names_do_is_no_gap():
    assert not read("default_rng = p\nreturn default_rng()").gaps
    assert not read("return getattr(p, q), p.eval(q), [x.import_it for x in args]").gaps


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("global x\nx = 1", {("x",)}),
        ("a[p] = 1", {("a",)}),
        ("a.b[p] = 1", {("a", "b")}),
        ("a.append(p)", {("a",)}),
        ("a.b = 1", {("a", "b")}),
        ("del a[p]", {("a",)}),
        ("x = []\nx.append(1)", set()),
        ("p.append(1)\np[0] = 1", set()),
    ],
)
def test_what_is_changed_while_running(body, changed):
    assert read(body).changed == changed


def test_statements_use_names_of_their_module():
    facts = read_statements(ast.parse("A = b(C)\ndef f(x=D):\n    return x + A\n").body)
    assert facts.uses == {("A",), ("b",), ("C",), ("D",)}


def test_hints_that_are_texts_are_read():
    facts = read_hints([ast.parse("List['a.B']", mode="eval").body])
    assert facts.uses == {("List",), ("a", "B")}
    assert read_hints([ast.parse("'not code!'", mode="eval").body]).uses == set()


def test_deep_trees_do_not_recurse():
    assert uses("return " + " + ".join(["a"] * 900)) == {"a"}


def test_uses_begin_with_what_an_import_binds():
    assert read("from .a import b\nreturn b.c").uses == {(Import("a", 1, "b"), "c")}
