from __future__ import annotations

import ast
import warnings

import pytest

from pyperunner_keys.code.reading.source import SourceFile, file_source, source_of


def load(text, name="x.py"):
    names: dict = {}
    exec(compile(text, name, "exec", dont_inherit=True), names)
    return SourceFile(name, text.encode()), names


def shown(node):
    return ast.unparse(node).replace("lambda :", "lambda:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(): return 1", "def f(): return 1"),
        (
            "same = lambda f: f\n@same\n@same\ndef f():\n    return 1\ny = 2",
            "@same\n@same\ndef f():\n    return 1\n",
        ),
        ("if 0:\n    def f(): return 1\nelse:\n    def f(): return 2\n", "    def f(): return 2\n"),
        ("def f(): return 1\ndef f(): return 2\n", "def f(): return 2\n"),
        ("async def f(): pass\n", "async def f(): pass\n"),
        ("f = lambda: 1\n", "f = lambda: 1\n"),
    ],
)
def test_a_function_is_found_in_its_text(text, expected):
    file, names = load(text)
    node = file.find(names["f"].__code__)
    assert file.segment([node]) == expected


def test_lambdas_of_a_line_are_told_apart():
    file, names = load("a, b, c, d = [lambda: 1, lambda: 2, lambda x: 1, lambda: (lambda: 1)]")
    found = [shown(file.find(names[name].__code__)) for name in "abcd"]
    assert found == ["lambda: 1", "lambda: 2", "lambda x: 1", "lambda: lambda: 1"]
    assert [shown(file.find(names[name].__code__)) for name in "abcd"] == found


def test_lambdas_in_a_closure_are_told_apart():
    file, names = load("def make(k): return (lambda: k), (lambda: k + 1)\na, b = make(1)\n")
    assert [shown(file.find(names[name].__code__)) for name in "ab"] == ["lambda: k", "lambda: k + 1"]


@pytest.mark.parametrize("text", ["def f(): return 2", "\ndef f(): return 1", "def g(): return 1", "def f(:", "", "\0"])
def test_a_text_that_is_not_where_the_code_came_from_is_not_believed(text):
    _, names = load("def f(): return 1")
    assert SourceFile("x.py", text.encode()).find(names["f"].__code__) is None


def test_constants_are_compared_with_their_types():
    _, names = load("def f(): return 1")
    assert SourceFile("x.py", b"def f(): return True").find(names["f"].__code__) is None


def test_warnings_of_the_parser_are_not_repeated():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, names = load("def f(): return '\\d' is 1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert SourceFile("x.py", b"def f(): return '\\d' is 1").find(names["f"].__code__) is not None


def test_what_is_read_from_a_file_is_kept_until_it_is_written(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("x = 1")
    first = file_source(str(path))
    assert file_source(str(path)) is first
    path.write_text("x = 2")
    assert file_source(str(path)) is not first
    assert file_source(str(tmp_path / "none.py")) is None


def test_other_encodings(tmp_path):
    path = tmp_path / "a.py"
    path.write_bytes("# coding: latin-1\ndef f(): return 'ä'\n".encode("latin-1"))
    names: dict = {}
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), names)
    found = source_of(names["f"].__code__)
    assert found is not None
    assert ast.literal_eval(found[1].body[0].value) == "ä"


def test_lines_without_those_of_inner_nodes():
    file, _ = load("class A:\n    x = 1\n    def f(self):\n        return 1\n    y = 2\n")
    node = file.tree.body[0]
    assert file.segment([node], [node.body[1]]) == "class A:\n    x = 1\n    y = 2\n"
