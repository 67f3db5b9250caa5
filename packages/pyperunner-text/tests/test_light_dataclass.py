"""Light dataclasses do what those of ``dataclasses`` do, and nothing is compiled for them."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any, ClassVar

import pytest

from pyperunner_text.light_dataclass import light_dataclass


def declared(decorate: Any) -> tuple[Any, Any, Any]:
    @decorate(frozen=True)
    class Fact:
        kind: ClassVar[str] = "fact"
        name: str
        size: int = 0
        parts: dict[str, int] = field(default_factory=dict)

        @property
        def twice(self) -> int:
            return 2 * self.size

    @decorate
    class Count:
        number: int
        seen: list[int] = field(default_factory=list)

        def __post_init__(self) -> None:
            self.seen.append(self.number)

    @decorate(eq=False)
    class Node:
        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

    return Fact, Count, Node


LIGHT, WHOLE = declared(light_dataclass), declared(dataclass)


@light_dataclass(frozen=True)
class Sent:
    name: str
    size: int = 1


def outcome(call: Any) -> Any:
    """Return what a call returns, in words, or the kind of error it raises."""
    try:
        return str(call())
    except Exception as error:
        return type(error)


CALLS: list[Any] = [
    lambda fact, count, node: fact("a"),
    lambda fact, count, node: fact("a", 2, {"x": 1}),
    lambda fact, count, node: fact("a", parts={"x": 1}),
    lambda fact, count, node: fact(size=1, name="a").twice,
    lambda fact, count, node: fact(),
    lambda fact, count, node: fact("a", 1, {}, 4),
    lambda fact, count, node: fact("a", name="b"),
    lambda fact, count, node: fact("a", other=1),
    lambda fact, count, node: fact(size=1, other=1),
    lambda fact, count, node: fact("a", 1) == fact("a", size=1),
    lambda fact, count, node: fact("a", 1) != fact("b", 1),
    lambda fact, count, node: fact("a") == count(1),
    lambda fact, count, node: fact("a", parts=None) in {fact("a", parts=None): 1},
    lambda fact, count, node: hash(fact("a")),
    lambda fact, count, node: setattr(fact("a"), "size", 1),
    lambda fact, count, node: delattr(fact("a"), "size"),
    lambda fact, count, node: dataclasses.replace(fact("a"), size=3),
    lambda fact, count, node: dataclasses.asdict(fact("a", 1, {"x": 1})),
    lambda fact, count, node: dataclasses.is_dataclass(fact),
    lambda fact, count, node: fact("a").parts is fact("a").parts,
    lambda fact, count, node: fact.__match_args__,
    lambda fact, count, node: count(3),
    lambda fact, count, node: hash(count(3)),
    lambda fact, count, node: count(3) == count(3),
    lambda fact, count, node: setattr(count(3), "number", 4),
    lambda fact, count, node: node("n"),
    lambda fact, count, node: node("n") == node("n"),
    lambda fact, count, node: len({node("n"), node("n")}),
]


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_it_does_what_dataclasses_do(number):
    call = CALLS[number]
    assert outcome(lambda: call(*LIGHT)) == outcome(lambda: call(*WHOLE))


def test_it_says_what_does_not_fit():
    fact = LIGHT[0]
    with pytest.raises(TypeError, match="missing a required argument: 'name'"):
        fact()
    with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
        fact("a", other=1)
    with pytest.raises(FrozenInstanceError, match="size"):
        fact("a").size = 2


def test_its_signature_is_that_of_its_fields():
    whole = str(inspect.signature(WHOLE[0])).removesuffix(" -> None")
    assert str(inspect.signature(LIGHT[0])) == whole

    class Below(LIGHT[0]):
        def __init__(self):
            super().__init__("below", 3)

    assert str(inspect.signature(Below)) == "()"
    assert Below().twice == 6


def test_an_instance_is_pickled_and_holds_itself_without_end():
    assert pickle.loads(pickle.dumps(Sent("a"))) == Sent("a")
    held = LIGHT[1](1)
    held.seen.append(held)
    assert repr(held).endswith("...])")


def test_no_method_is_compiled_for_it():
    files = {vars(cls)["__init__"].__code__.co_filename for cls in LIGHT}
    assert files == {light_dataclass.__code__.co_filename}
