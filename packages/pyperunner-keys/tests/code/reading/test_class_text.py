from __future__ import annotations

import ast

from pyperunner_keys.code.reading.class_text import ClassText

TEXT = """
@watch
class A(B, k=C):
    x: T = 1
    __private = 2
    for i in range(3):
        y = i
    import os.path
    def f(self):
        z = 1
    class D: pass
"""


def text(source=TEXT):
    return ClassText(ast.parse(source).body[0])


def test_names_of_the_body():
    assert {"x", "__private", "_A__private", "i", "y", "os", "f", "D"} <= text().names
    assert "B" not in text().names


def test_methods_and_lines():
    assert [item.name for item in text().methods] == ["f"]
    assert text().holds(4)
    assert not text().holds(1)


def header(source, drop=False, plain=True):
    form, facts = text(source).header(lambda node: drop, plain)
    return form, facts.uses


def test_hints_count_only_where_someone_looks_at_them():
    one, other = "class A:\n    x: int", "class A:\n    x: str"
    assert header(one) == header(other)
    assert header(one, plain=False) != header(other, plain=False)
    assert header(f"@watch\n{one}") != header(f"@watch\n{other}")
    assert header(f"@watch\n{one}", drop=True) == header(other)


def test_decorators_and_keywords_are_used():
    assert header(TEXT)[1] == {("watch",), ("C",), ("T",)}
