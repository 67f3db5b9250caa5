from __future__ import annotations

import pytest

from pyperunner_keys import fingerprint


def members(project, text, **more):
    found = fingerprint(project(flow=text, **more).A).parts
    return {name.removeprefix("flow.") for name in found}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class A:\n    x = 1\n    def f(self): pass", {"A", "A.x", "A.f"}),
        ("class B: pass\nclass A(B): pass", {"A", "B"}),
        ("class M(type): pass\nclass A(metaclass=M): pass", {"A", "M"}),
        ("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1", {"A", "A.x"}),
        ("from enum import Enum\nclass A(Enum):\n    X = 1\n    def f(self): pass", {"A", "A.f"}),
        ("from typing import NamedTuple\nclass A(NamedTuple):\n    x: int\n    def f(self): pass", {"A", "A.f"}),
        ("from collections import namedtuple\nA = namedtuple('A', 'x')", {"A"}),
        ("import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): pass", {"A", "A.f"}),
        ("class A:\n    @property\n    def f(self): pass\n    @classmethod\n    def g(cls): pass", {"A", "A.f", "A.g"}),
        ("class A:\n    class B:\n        x = 1", {"A", "A.B", "A.B.x"}),
        ("class A: pass\nA.f = lambda self: 1", {"A", "<lambda>"}),
        ("A = type('A', (), {'f': lambda self: 1})", {"A", "<lambda>"}),
    ],
)
def test_members_are_parts(project, text, expected):
    assert members(project, text) == expected


def test_of_two_definitions_the_one_in_force_counts(project):
    body = "    class A:\n        x: int = 1\n        def f(self): return {}\n"
    text = f"if {{}}:\n{body.format(1)}else:\n{body.format(2)}"
    one, other = project(one=text.format(True)), project(other=text.format(False))
    one.A.__module__ = other.A.__module__ = "shape"
    assert fingerprint(one.A).digest != fingerprint(other.A).digest
    assert fingerprint(one.A.f).sources["one.A.f"].endswith("return 1\n")


def test_the_source_of_a_class_is_without_its_methods(project):
    found = fingerprint(project(flow="class A:\n    x = 1\n    def f(self):\n        return 1\n").A)
    assert found.sources["flow.A"] == "class A:\n    x = 1\n"
    assert found.sources["flow.A.f"] == "    def f(self):\n        return 1\n"


def test_identity_counts(project):
    one, other = project(one="class A: pass\n"), project(other="class A: pass\n")
    assert fingerprint(one.A).digest != fingerprint(other.A).digest
