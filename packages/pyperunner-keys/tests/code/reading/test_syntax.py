from __future__ import annotations

import ast

import pytest

from pyperunner_keys.code.reading.syntax import function_form, tree_form


def form(text):
    return tree_form([ast.parse(text).body])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", 'x = """a"""'),
        ("x = u'a'", "x = 'a'"),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("x = (1)", "x = 1"),
        ("x: int = 1", "x = 1"),
        ("def f():\n    'doc'\n    return 1", "def f():\n    return 1"),
        ("def f():\n    pass", "def f():\n    ..."),
        ("def f(x: int) -> str: return x", "def f(x): return x"),
        ("class A:\n    'doc'", "class A: pass"),
        ("if a:\n    pass\n    b()", "if a:\n    b()"),
        ("f'{a}' 'b'", "f'{a}b'"),
        ("f'a' f'b{c}'", "f'ab{c}'"),
        ("x = 1_000", "x = 1000"),
        ("x = 1 # type: int", "x = 1"),
    ],
)
def test_what_does_the_same_has_one_form(one, other):
    assert form(one) == form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 'a'", "x = b'a'"),
        ("x = None", "x = ..."),
        ("x = [1, 2]", "x = [2, 1]"),
        ("x = {**a}", "x = {a: a}"),
        ("f(a, *b)", "f(*a, b)"),
        ("f'{a}'", "f'{a!r}'"),
        ("f'{a:2}'", "f'{a:3}'"),
        ("f'a{b}'", "f'{b}a'"),
        ("def f(*, a): pass", "def f(a): pass"),
        ("def f(a, /): pass", "def f(a): pass"),
        ("def f(a=1): pass", "def f(a=2): pass"),
        ("def f(*, a, b=1): pass", "def f(*, a=1, b): pass"),
        ("@d\ndef f(x: int): pass", "@d\ndef f(x: str): pass"),
        ("class A:\n    x: int", "class A:\n    x: str"),
        ("class A(B): pass", "class A(C): pass"),
        ("async def f(): pass", "def f(): pass"),
        ("[x async for x in y]", "[x for x in y]"),
        ("a < b < c", "a < b and b < c"),
        ("match a:\n    case None: b()", "match a:\n    case True: b()"),
        ("match a:\n    case [b, *c]: d()", "match a:\n    case [b, c]: d()"),
        ("from a import b", "from .a import b"),
        ("x[1:2]", "x[1, 2]"),
        ("def f():\n    x: int\n    return x", "def f():\n    return x"),
        ("del x", "x"),
    ],
)
def test_what_does_something_else_has_another_form(one, other):
    assert form(one) != form(other)


def test_decorators_can_be_left_out():
    tree = ast.parse("@a\n@b(1)\ndef f(): pass")
    bare = ast.parse("def f(): pass")
    assert tree_form([tree], lambda node: True) == tree_form([bare])
    assert tree_form([tree], lambda node: isinstance(node, ast.Call)) == tree_form([ast.parse("@a\ndef f(): pass")])


def test_names_and_defaults_of_a_function_are_no_part_of_its_form():
    forms = {
        function_form(ast.parse(text).body[0], []) for text in ("def f(a=1): return a", "def g(a: int=2): return a")
    }
    assert len(forms) == 1


def test_deep_trees_do_not_recurse():
    assert form("x = " + " + ".join(["a"] * 900)) != form("x = " + " + ".join(["a"] * 901))
