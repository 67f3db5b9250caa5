"""Functions, classes and instances of the user's own classes in saved pipelines."""

from __future__ import annotations

import functools
import importlib

import pytest

from pyperunner_dag.saved.values import OpaqueFound, from_plain, to_plain
from pyperunner_dag.saved.values_code import follow
from pyperunner_keys import digest

SOURCE = """
    import dataclasses, enum, functools

    class Color(enum.Enum):
        RED = [1]
        BLUE = 2

    class Mode(enum.Flag):
        READ = 1
        WRITE = 2

    @dataclasses.dataclass(frozen=True)
    class Config:
        n: int
        parts: tuple = ()
        made: int = dataclasses.field(init=False, default=0)

        def __post_init__(self):
            object.__setattr__(self, "made", 5)

    @dataclasses.dataclass
    class Slotted:
        __slots__ = ("x",)
        x: object

    def helper(x, y=1):
        return x

    class Outer:
        class Inner:
            pass
        def method(self):
            pass

    def make():
        def local():
            pass
        return local

    nothing = lambda: None
"""


@pytest.fixture
def flow(module):
    return module("flow_values", SOURCE)


def find(reference):
    name, _, qualname = reference.partition(":")
    return follow(importlib.import_module(name), qualname)


def back(value):
    return from_plain(to_plain(value), find)


def test_by_the_name_they_are_imported_by(flow):
    assert to_plain(flow.helper) == {"$function": "flow_values:helper"}
    assert to_plain(flow.Outer.Inner) == {"$class": "flow_values:Outer.Inner"}
    for thing in (flow.helper, flow.Outer.Inner, flow.Outer.method, len, int, digest):
        assert back(thing) is thing


def test_enums_by_name_and_flags_by_value(flow):
    assert to_plain(flow.Color.RED) == {"$enum": {"type": "flow_values:Color", "name": "RED"}}
    for member in (flow.Color.RED, flow.Color.BLUE, flow.Mode.READ, flow.Mode.READ | flow.Mode.WRITE, flow.Mode(0)):
        assert back(member) is member


def test_dataclasses_field_by_field_without_running_init(flow):
    config = flow.Config(1, (flow.Color.RED, 2))
    object.__setattr__(config, "made", 6)
    again = back(config)
    assert again == config
    assert again.made == 6
    assert back(flow.Slotted([1])) == flow.Slotted([1])


def test_partials(flow):
    again = back(functools.partial(flow.helper, (1,), y={2}))
    assert (again.func, again.args, again.keywords) == (flow.helper, ((1,),), {"y": {2}})


def test_what_has_no_such_name_is_opaque(flow):
    extended = flow.Config(1)
    object.__setattr__(extended, "__dict__", {**extended.__dict__, "extra": 1})
    flow.renamed, flow.helper = flow.helper, None
    for thing in (flow.make(), flow.nothing, flow.renamed, extended, flow.Outer()):
        assert set(to_plain(thing)) == {"$opaque"}
        with pytest.raises(OpaqueFound):
            back(thing)


@pytest.mark.parametrize(
    "plain",
    [
        {"$enum": {"type": "flow_values:helper", "name": "RED"}},
        {"$enum": {"type": "flow_values:Color", "name": "GREEN"}},
        {"$dataclass": {"type": "flow_values:Outer", "fields": {}}},
        {"$dataclass": {"type": "flow_values:Config", "fields": {"n": 1}}},
        {"$partial": {"function": 3, "args": [], "keywords": {}}},
        {"$partial": {"function": {"$function": "flow_values:helper"}}},
    ],
)
def test_what_was_edited_into_nonsense(flow, plain):
    with pytest.raises(ValueError):
        from_plain(plain, find)
