"""Errors made of facts: constructor, args, text, pickles, and bases with ideas of their own."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterable
from typing import ClassVar

import pytest

from pyperunner_text.errors import FactError, shown


class Root(FactError):
    """Base without facts."""


class Named(Root, ValueError):
    name: str
    size: int = 3
    template = "{name!r} ({size:,}) {name}"
    kind: ClassVar[str] = "no fact"


class Child(Named):
    name = "default"
    more: tuple[str, ...] = ()
    reasons: dict[str, int] = {}

    def sentence(self) -> str:
        return f"{self.name}: {', '.join(self.more)} {self.reasons}"


class Sibling(Named):
    """No fact of its own, another default."""

    size = 7


class OwnInit(Named):
    def __init__(self, name: str) -> None:
        super().__init__(name.upper(), 9)
        self.args = (name,)


class BelowOwnInit(OwnInit):
    place: str = "here"
    template = "{name} {size} {place}"


class FreeText(Root):
    def __init__(self, problem: str) -> None:
        super().__init__(problem)


class BelowFreeText(FreeText):
    task: str
    template = "{task}!"


class KeyMissing(Root, KeyError):
    key: str
    template = "no {key}"


class NotImportable(Root, ImportError):
    name: str
    path: str
    template = "no {name} at {path}"


class NotReadable(Root, OSError):
    errno: int
    filename: str
    template = "{filename}: {errno}"


class Late(NotReadable, TimeoutError):
    """No facts of its own, and a base of its own."""


class Memory(Root, MemoryError):
    peak: int
    template = "{peak}"


ALL = [
    (Named("a", 2), ("a", 2), "'a' (2) a"),
    (Named("a", size=2000), ("a", 2000), "'a' (2,000) a"),
    (Named(name="a"), ("a", 3), "'a' (3) a"),
    (Child(), ("default", 3, (), {}), "default:  {}"),
    (Child("a", 1, ("b", "c"), {"d": 1}), ("a", 1, ("b", "c"), {"d": 1}), "a: b, c {'d': 1}"),
    (Child(more=("x",)), ("default", 3, ("x",), {}), "default: x {}"),
    (Sibling("s"), ("s", 7), "'s' (7) s"),
    (OwnInit("o"), ("o",), "'O' (9) O"),
    (BelowOwnInit("b", 1), ("b", 1, "here"), "b 1 here"),
    (FreeText("as it is\n"), ("as it is\n",), "as it is\n"),
    (BelowFreeText(task="t"), ("t",), "t!"),
    (KeyMissing("k"), ("k",), "no k"),
    (NotImportable("n", path="p"), ("n", "p"), "no n at p"),
    (NotReadable(2, filename="f"), (2, "f"), "f: 2"),
    (Late(2, "f"), (2, "f"), "f: 2"),
    (Memory(peak=1), (1,), "1"),
]


@pytest.mark.parametrize(("error", "args", "text"), ALL, ids=lambda value: type(value).__name__)
def test_facts_are_args_attributes_and_text(error: FactError, args: tuple[object, ...], text: str) -> None:
    assert error.args == args
    assert str(error) == text
    assert repr(error) == f"{type(error).__name__}({', '.join(map(repr, args))})"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("error", [error for error, _, _ in ALL], ids=lambda value: type(value).__name__)
def test_copies_and_pickles_are_the_same_error(error: FactError, protocol: int) -> None:
    error.__dict__["__notes__"] = ["a note"]  # as add_note() of Python 3.11 does
    for again in (pickle.loads(pickle.dumps(error, protocol)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert (again.args, str(again), vars(again)) == (error.args, str(error), vars(error))


def test_a_pickle_of_another_shape_is_read() -> None:
    """An exception of before was pickled with its attributes beside its args."""
    old = (Named, ("a", 2), {"name": "a", "size": 2, "extra": 1})
    error = old[0](*old[1])
    error.__setstate__(old[2])
    assert (error.args, error.extra, str(error)) == (("a", 2), 1, "'a' (2) a")  # type: ignore[attr-defined]


def test_an_iterable_becomes_what_it_is_annotated_as() -> None:
    def names() -> Iterable[str]:
        yield from "ab"

    error = Child("a", more=names(), reasons=[("x", 1)])  # type: ignore[arg-type]
    assert (error.more, error.reasons) == (("a", "b"), {"x": 1})
    pickle.dumps(error)


def test_the_attributes_of_the_second_base_are_the_facts() -> None:
    assert (NotImportable("n", "p").name, NotReadable(5, "f").errno, NotReadable(5, "f").filename) == ("n", 5, "f")


def test_it_is_caught_as_each_of_its_bases() -> None:
    for kind in (Late, NotReadable, Root, FactError, OSError, TimeoutError):
        with pytest.raises(kind):
            raise Late(1, "f")


@pytest.mark.parametrize(
    ("args", "named", "problem"),
    [
        ((), {}, "name: missing"),
        (("a", 1, "b"), {}, "b: too much"),
        (("a",), {"name": "b"}, "name: there twice"),
        (("a",), {"kind": 1}, "kind: too much"),
    ],
)
def test_wrong_facts_are_a_type_error(args: tuple[object, ...], named: dict[str, object], problem: str) -> None:
    with pytest.raises(TypeError, match=r"^Named\(name, size\): " + problem):
        Named(*args, **named)  # type: ignore[arg-type]


def test_names_for_a_class_without_facts_are_refused() -> None:
    with pytest.raises(TypeError, match="size: too much"):
        Root(size=1)  # type: ignore[call-arg]
    assert str(Root("a", 1)) == "('a', 1)"  # type: ignore[call-arg]
    assert str(Root()) == ""


def test_a_fact_in_a_template_is_one_visible_line() -> None:
    assert str(KeyMissing("a\n\x1b[2Jb")) == r"no a\n\x1b[2Jb"
    assert str(Named("\n", 1)) == r"'\n' (1) \n"


class Hostile:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        raise RuntimeError


def test_a_fact_whose_own_methods_raise_is_shown_by_its_type() -> None:
    stranger = "<Hostile whose repr raises RuntimeError>"
    assert shown(Hostile()) == stranger
    error = Named(Hostile(), 1)  # type: ignore[arg-type]
    assert str(error) == f"{stranger} (1) {stranger}"
    assert repr(error) == f"Named({stranger}, 1)"
    assert str(Child(Hostile())) == (  # type: ignore[arg-type]
        f"Child({stranger}, 3, (), {{}}), whose text can't be written: RuntimeError"
    )
    assert "1,000" not in str(Named("a", "no number"))  # type: ignore[arg-type]


def test_a_default_is_no_state_that_instances_share() -> None:
    Child().reasons["x"] = 1
    assert Child().reasons == {}


@pytest.mark.parametrize(
    ("cls", "signature"),
    [
        (Named, "(name, size=3)"),
        (Child, "(name='default', size=3, more=(), reasons={})"),
        (Sibling, "(name, size=7)"),
        (BelowFreeText, "(task)"),
        (OwnInit, "(name: 'str') -> 'None'"),
    ],
)
def test_the_signature_is_the_facts(cls: type[FactError], signature: str) -> None:
    assert str(inspect.signature(cls)) == signature
