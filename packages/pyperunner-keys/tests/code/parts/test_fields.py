"""Fields that libraries take out of a class: their defaults and rules count, on disk and in cells."""

from __future__ import annotations

import importlib
import linecache

import pytest

from pyperunner_keys import fingerprint

ATTRS = """
import attrs
K = 1
def convert(value): return value + 0
@attrs.define
class A:
    x: int = {}
"""
PYDANTIC = """
import pydantic
K = 1
def make(): return 1
class B(pydantic.BaseModel):
    y: int = 1
class A(pydantic.BaseModel):
    x: int = {}
"""
MSGSPEC = """
import msgspec
K = 1
class A(msgspec.Struct):
    x: int = {}
"""
EDITS = [
    ("attrs", ATTRS, "1", "2"),
    ("attrs", ATTRS, "K", "K + 1"),
    ("attrs", ATTRS, "attrs.field(default=1)", "attrs.field(default=2)"),
    ("attrs", ATTRS, "attrs.field(default=1)", "attrs.field(default=1, converter=convert)"),
    ("attrs", ATTRS, "attrs.field(validator=attrs.validators.ge(0))", "attrs.field(validator=attrs.validators.ge(1))"),
    ("attrs", ATTRS, "attrs.Factory(list)", "attrs.Factory(dict)"),
    ("attrs", ATTRS, "attrs.field(kw_only=True)", "attrs.field(kw_only=False)"),
    ("pydantic", PYDANTIC, "1", "2"),
    ("pydantic", PYDANTIC, "K", "K + 1"),
    ("pydantic", PYDANTIC, "pydantic.Field(default=5, ge=1)", "pydantic.Field(default=5, ge=2)"),
    ("pydantic", PYDANTIC, "pydantic.Field(alias='a')", "pydantic.Field(alias='b')"),
    ("pydantic", PYDANTIC, "pydantic.Field(default_factory=int)", "pydantic.Field(default_factory=make)"),
    ("msgspec", MSGSPEC, "1", "2"),
    ("msgspec", MSGSPEC, "K", "K + 1"),
]


NAMES = [f"{library}: {before} to {after}" for library, _, before, after in EDITS]


@pytest.mark.parametrize(("library", "text", "before", "after"), EDITS, ids=NAMES)
def test_what_is_said_of_a_field_counts(project, library, text, before, after):
    pytest.importorskip(library)
    found = []
    for said in (before, before, after):
        module = importlib.reload(project(flow=text.format(said)))
        found.append(fingerprint(module.A))
    assert not found[0].gaps
    assert found[0].digest == found[1].digest != found[2].digest


@pytest.mark.parametrize(("library", "text", "before", "after"), EDITS, ids=NAMES)
def test_so_it_does_in_a_cell(project, library, text, before, after):
    """There the text of a class without methods is not known."""
    pytest.importorskip(library)
    module = project(flow=text.format(before) + "def f(): return A\n")
    found = [fingerprint(module.f).digest]
    for number, said in enumerate((after, before)):
        cell, name = text.format(said), f"<cell {number} of {library}>"
        linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
        exec(compile(cell, name, "exec"), vars(module))
        found.append(fingerprint(module.f).digest)
    assert found[1] not in (found[0], found[2])


@pytest.mark.parametrize(("library", "base"), [("attrs", ATTRS), ("pydantic", PYDANTIC)])
def test_what_a_function_in_a_field_does_counts(project, library, base):
    pytest.importorskip(library)
    field = "attrs.field(converter=helper)" if library == "attrs" else "pydantic.Field(default_factory=helper)"
    texts = [f"def helper(*x): return {number}\n" + base.format(field) for number in (1, 1, 2)]
    found = [fingerprint(importlib.reload(project(flow=text)).A).digest for text in texts]
    assert found[0] == found[1] != found[2]
