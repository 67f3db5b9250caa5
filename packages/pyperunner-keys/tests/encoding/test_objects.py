from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import logging
import socket
import threading
import types
import typing
from pathlib import Path

import pytest

from pyperunner_keys import UnencodableError, digest, encode


class Color(enum.Enum):
    RED = 1
    BLUE = 2
    ODD = threading.Lock()


class Level(enum.IntEnum):
    LOW = 1


class Mode(enum.Flag):
    R = 1
    W = 2


@dataclasses.dataclass
class Point:
    x: int
    y: object = 0
    note: dataclasses.InitVar[int] = 0

    def __post_init__(self, note):
        self.doubled = note * 2

    @functools.cached_property
    def norm(self):
        return abs(self.x)


@dataclasses.dataclass(frozen=True)
class Slotted:
    __slots__ = ("x",)
    x: int


class Plain:
    def __init__(self, **state):
        self.__dict__.update(state)


class Slots:
    __slots__ = ("a", "b")


class Key:
    def __init__(self, key, noise):
        self.key, self.noise = key, noise

    def __pyperunner_key__(self):
        return self.key


class Bag(dict):
    pass


class Stateful:
    def __init__(self):
        self.lock, self.value = threading.Lock(), 1

    def __getstate__(self):
        return {"value": self.value}


Pair = collections.namedtuple("Pair", "a b")


def test_enum_members_count_by_class_and_name_and_what_they_hold_besides():
    found = [encode(item) for item in (Color.RED, Color.BLUE, Color.ODD, Level.LOW, 1, Mode.R, Mode.R | Mode.W)]
    assert len(set(found)) == len(found)
    assert encode(Mode.R | Mode.W) == encode(Mode.W | Mode.R)
    Level.LOW.note = "x"
    assert encode(Level.LOW) not in found
    del Level.LOW.note


def test_dataclasses_count_by_all_they_hold():
    assert encode(Point(1)) == encode(Point(1))
    assert (
        len({encode(item) for item in (Point(1), Point(2), Point(1, 1), Point(1, note=1), Slotted(1), Slotted(2))}) == 6
    )


def test_remembered_values_of_a_cached_property_do_not_count():
    point = Point(1)
    before = encode(point)
    assert point.norm == 1
    assert encode(point) == before


def test_instances_count_by_class_and_state():
    assert encode(Plain(a=1, b=2)) == encode(Plain(b=2, a=1)) != encode(Plain(a=1, b=3))
    one, other = Slots(), Slots()
    one.a = other.a = 1
    assert encode(one) == encode(other)
    other.b = 2
    assert encode(one) != encode(other)
    assert encode(Plain()) != encode(Slots())


def test_order_counts_wherever_a_program_sees_it():
    for kind in (dict, Bag, collections.OrderedDict, collections.Counter, types.MappingProxyType):
        first, second = kind({"a": 1, "b": 2}), kind({"b": 2, "a": 1})
        assert encode(first) != encode(second), kind
    assert encode(collections.deque([1, 2])) != encode(collections.deque([2, 1]))


def test_a_type_can_say_its_key():
    assert encode(Key(1, "x")) == encode(Key(1, "y")) != encode(Key(2, "x"))
    with pytest.raises(UnencodableError) as caught:
        encode([Key(threading.Lock(), 0)])
    assert caught.value.path == "[0].__pyperunner_key__()"


def test_own_state_is_asked_for():
    assert digest(Stateful()) == digest(Stateful())


@pytest.mark.parametrize(
    "make", [threading.Lock, lambda: (x for x in ()), Path(__file__).open, socket.socket, threading.local]
)
def test_what_has_no_stable_encoding_is_refused(make):
    value = make()
    try:
        with pytest.raises(UnencodableError) as caught:
            encode(Plain(tools=[value]))
        assert caught.value.path == ".tools[0]"
        assert caught.value.type_name.endswith(type(value).__name__)
        assert caught.value.reason
    finally:
        getattr(value, "close", int)()


def test_a_reduction_that_fails_is_a_reason():
    class Broken:
        def __reduce_ex__(self, protocol):
            raise RuntimeError("Out of order")

    with pytest.raises(UnencodableError, match="out of order"):
        encode(Broken())


def test_loggers_are_all_alike():
    assert encode(logging.getLogger("a")) == encode(logging.getLogger("b"))


def test_errors_count_by_their_arguments():
    assert encode(ValueError("a")) == encode(ValueError("a")) != encode(ValueError("b"))


def test_simple_namespaces():
    assert encode(types.SimpleNamespace(a=1, b=2)) == encode(types.SimpleNamespace(b=2, a=1))


def test_an_instance_counts_with_the_code_of_its_class(project):
    text = "class A:\n    def __init__(self): self.k = 1\n    def go(self): return {}\n"
    one = project(module_a=text.format(1)).A
    same = project(module_b=text.format(1)).A
    other = project(module_c=text.format(2)).A
    for cls in (one, same, other):
        cls.__module__ = "shape"
    assert digest(one()) != digest(other())


def test_what_a_library_fills_in_when_it_is_used_does_not_count():
    class Array:  # as those of xarray, which keep accessors in a slot
        __slots__ = ("_attrs", "_cache", "values")
        __module__ = "xarray.core"

    class Model:  # as those of pydantic
        def __init__(self, given):
            self.given = given

        def __getstate__(self):
            return {"__dict__": {"x": 1}, "__pydantic_fields_set__": self.given}

    fresh, used = Array(), Array()
    fresh.values, used.values = [1], [1]
    fresh._attrs, used._attrs, used._cache = None, {}, {"dt": object}
    assert encode(fresh) == encode(used)
    used._attrs = {"unit": "m"}
    assert encode(fresh) != encode(used)
    assert encode(Model({"x"})) == encode(Model(set()))

    class Sparse:  # as those of scipy, which note what they have found out about their indices
        __module__ = "scipy.sparse"

    fresh, used = Sparse(), Sparse()
    used._has_sorted_indices = used._has_canonical_format = True
    assert encode(fresh) == encode(used)


class Kept:
    """Is pickled by what makes it, and by nothing else."""

    def __init__(self, maker):
        self.maker = maker

    def __reduce__(self):
        return self.maker, ()


class Maker:
    def __init__(self, number):
        self.number = number

    def make(self):
        return self.number

    def __call__(self):
        return self.number

    @classmethod
    def of_class(cls):
        return cls


class OtherMaker(Maker):
    """Makes something else."""


MAKERS = {
    "partial": (functools.partial(int, "1"), functools.partial(int, "2")),
    "method of an object": (Maker(1).make, Maker(2).make),
    "object that can be called": (Maker(1), Maker(2)),
    "method of a builtin object": ({"a": 1}.get, {"a": 2}.get),
    "class": (Maker, OtherMaker),
    "method of a class": (Maker.of_class, OtherMaker.of_class),
    "function": (lambda: 1, lambda: 2),
}


@pytest.mark.parametrize("name", MAKERS)
def test_what_makes_an_object_anew_counts_with_what_it_holds(name):
    one, other = MAKERS[name]
    assert digest(Kept(one)) == digest(Kept(one)) != digest(Kept(other))


def test_an_object_that_is_pickled_by_its_name_counts_with_what_it_holds():
    class Named:
        def __init__(self, number):
            self.number = number

        def __reduce__(self):
            return "THE_ONE"

    assert digest(Named(1)) == digest(Named(1)) != digest(Named(2))
    assert digest(typing.TypeVar("T", bound=int)) != digest(typing.TypeVar("T", bound=str))
    assert digest(typing.NewType("N", int)) != digest(typing.NewType("N", str))


def test_what_an_object_is_called_counts_unless_it_has_that_from_a_function():
    named = [types.SimpleNamespace(__name__=name, __doc__=name) for name in "ab"]
    assert digest(named[0]) != digest(named[1])
    wrappers = [functools.update_wrapper(types.SimpleNamespace(), function) for function in (len, len)]
    wrappers[1].__doc__ = "another text"
    assert digest(wrappers[0]) == digest(wrappers[1])
