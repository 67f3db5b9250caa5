"""Strangers' classes are looked up, judged and filled without any code of theirs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum, EnumMeta, Flag, IntEnum, IntFlag
from types import ModuleType

import pytest

from pyperunner_text.inert import fill, find, find_class, member_of, own_code, static_attribute

ran: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_runs():
    ran.clear()
    yield
    assert ran == []


class Meta(type):
    def __getattr__(cls, name):
        ran.append(name)

    def __getattribute__(cls, name):
        ran.append(name)
        return super().__getattribute__(name)

    @property
    def __mro__(cls):
        ran.append("__mro__")


class Loud(metaclass=Meta):
    class Inner:
        pass


class Lazy(ModuleType):
    def __getattribute__(self, name):
        ran.append(name)
        return super().__getattribute__(name)


@pytest.fixture
def lazy(monkeypatch):
    module = Lazy("lazy")
    space = vars(ModuleType)["__dict__"].__get__(module)
    space |= {"Loud": Loud, "number": 1, "__getattr__": ran.append}
    monkeypatch.setitem(sys.modules, "lazy", module)
    ran.clear()


def test_a_class_is_found_without_asking_anybody(lazy):
    assert find_class("lazy", "Loud") is Loud
    assert find_class("lazy", "Loud.Inner").__name__ == "Inner"
    assert find_class("lazy", "Loud.Gone") is find_class("lazy", "Gone") is find_class("gone", "Loud") is None
    assert find_class("lazy", "number") is find_class("lazy", "number.real") is None
    assert find("lazy", "number") == 1


def test_what_is_no_module_has_nothing(monkeypatch):
    class Proxy:
        def __getattr__(self, name):
            ran.append(name)

        @property
        def __class__(self):
            ran.append("__class__")
            return ModuleType

    monkeypatch.setitem(sys.modules, "proxy", Proxy())
    assert find_class("proxy", "Loud") is None


def test_attributes_of_bases_are_found():
    class Base:
        x = 1

    class Below(Base):
        pass

    assert static_attribute(Below, "x") == 1
    assert static_attribute(Below, "y") is None
    assert static_attribute(Loud, "Inner").__name__ == "Inner"


def test_instances_are_filled_behind_the_backs_of_setters():
    @dataclass
    class Watched:
        x: int

        @property
        def y(self):
            return vars(self)["y"]

        @y.setter
        def y(self, value):
            ran.append("y")

        def __setattr__(self, name, value):
            ran.append(name)

        def __getattribute__(self, name):
            ran.append(name)
            return super().__getattribute__(name)

    watched = object.__new__(Watched)
    fill(watched, {"x": 1, "y": 2, "__class__": int})
    assert type(watched) is Watched
    assert object.__getattribute__(watched, "__dict__") == {"x": 1, "y": 2, "__class__": int}


def test_slots_are_filled_and_nothing_else_where_there_is_no_dict():
    @dataclass(frozen=True)
    class Slotted:
        __slots__ = ("x",)
        x: int

    slotted = object.__new__(Slotted)
    fill(slotted, {"x": 1})
    assert slotted.x == 1
    with pytest.raises(TypeError, match="no attribute 'y'"):
        fill(slotted, {"y": 1})


class Colour(Enum):
    RED = 1

    @classmethod
    def _missing_(cls, value):
        ran.append("_missing_")


class Access(Flag):
    READ = 1
    WRITE = 4


class Open(IntFlag):
    READ = 1
    WRITE = 2


class Asking(Flag):
    ONE = 1
    TWO = 2

    @classmethod
    def _missing_(cls, value):
        ran.append("_missing_")


class LoudMeta(EnumMeta):
    def __getitem__(cls, name):
        ran.append(name)

    def __call__(cls, *args, **kwargs):
        if ran is not None and len(args) == 1:
            ran.append("call")
        return super().__call__(*args, **kwargs)


class LoudFlag(Flag, metaclass=LoudMeta):
    ONE = 1
    TWO = 2


@pytest.mark.parametrize(
    ("cls", "which", "member"),
    [
        (Colour, "RED", Colour.RED),
        (Colour, "_missing_", None),
        (Colour, "GREEN", None),
        (Colour, 1, None),
        (Access, 5, Access.READ | Access.WRITE),
        (Access, 0, Access(0)),
        (Access, 7, None),
        (Access, -1, None),
        (Access, 1 << 100, None),
        (Open, 3, Open.READ | Open.WRITE),
        (Open, 4, None),
        (Asking, 3, None),
        (Asking, "ONE", Asking.ONE),
        (int, 3, None),
        (int, "real", None),
    ],
)
def test_members_are_looked_up_without_asking_the_enum(cls, which, member):
    assert member_of(cls, which) is member


def test_members_are_looked_up_without_asking_its_metaclass():
    ran.clear()
    assert member_of(LoudFlag, "ONE").name == "ONE"
    assert member_of(LoudFlag, 3) is None


@dataclass(frozen=True)
class Plain:
    x: int


@dataclass
class Equal:
    x: int

    def __eq__(self, other):
        return True


@dataclass(frozen=True)
class OwnEqual:
    x: int

    def __eq__(self, other):
        return True


@dataclass
class OwnHash:
    x: int

    def __hash__(self):
        return 1


class Below(OwnHash):
    pass


class Number(IntEnum):
    ONE = 1


class Word(str, Enum):
    A = "a"


class Dying:
    def __del__(self):
        pass


@pytest.mark.parametrize(
    ("cls", "method"),
    [
        *((cls, None) for cls in (int, tuple, Plain, Equal, Colour, Access, Open, Number, Word)),
        (OwnEqual, "__eq__"),
        (OwnHash, "__hash__"),
        (Below, "__hash__"),
        (Dying, "__del__"),
    ],
)
def test_methods_that_python_calls_by_itself(cls, method):
    assert own_code(cls) == method
