"""Dataclasses that are made later: everything that those of the standard library do, whatever comes first."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import threading
from dataclasses import FrozenInstanceError, field

import pytest

from pyperunner_text.dataclasses import dataclass, make


def new_classes(decorator):
    """Return classes as they stand after the import of a module."""

    @decorator(frozen=True)
    class Point:
        """A place."""

        x: int
        y: int = 2
        names: list[str] = field(default_factory=list)
        hidden: int = field(default=7, repr=False)

        @property
        def double(self):
            return 2 * self.x

        def __post_init__(self):
            if self.x < 0:
                raise ValueError("x is negative")

    @decorator(frozen=True)
    class Named(Point):
        name: str = "n"

    @decorator
    class Open:
        count: int = 0
        seen: dict[str, int] = field(default_factory=dict)

    @decorator(frozen=True)
    class Empty:
        """Nothing."""

    @decorator(frozen=True)
    class Own:
        x: int

        def __repr__(self):
            return "mine"

        def __eq__(self, other):
            return True

    return Point, Named, Open, Empty, Own


LOOKS = {
    "repr": lambda p, n, o, e, w: [repr(p(1)), repr(n(1, name="m")), repr(o(3)), repr(e()), repr(w(1))],
    "equal": lambda p, n, o, e, w: [p(1) == p(1, 2), p(1) == p(2), p(1) == n(1), o() == o(), e() == e(), w(1) == 3],
    "hash": lambda p, n, o, e, w: [hash(p(1, 2, ())) == hash(p(1, 2, ())), o.__hash__, hash(e()) == hash(e())],
    "fields": lambda p, n, o, e, w: [[f.name for f in dataclasses.fields(c)] for c in (n, p, o, e, w)],
    "is": lambda p, n, o, e, w: [dataclasses.is_dataclass(c) for c in (p, n, o, e, w)],
    "replace": lambda p, n, o, e, w: [repr(dataclasses.replace(n(1), x=5)), repr(dataclasses.asdict(o(1)))],
    "match": lambda p, n, o, e, w: [c.__match_args__ for c in map(type, (p(1), n(1), o(), e(), w(1)))],
    "class": lambda p, n, o, e, w: [p.y, p.hidden, hasattr(p, "x"), hasattr(p, "names"), p.__doc__, p(4).double],
    "signature": lambda *classes: [str(inspect.signature(c)) for c in (classes[1], classes[0], *classes[2:])],
    "copy": lambda p, n, o, e, w: [repr(copy.copy(p(1, names=["a"]))), repr(copy.deepcopy(o(1, {"a": 2})))],
}


@pytest.mark.parametrize("look", LOOKS)
def test_they_do_what_those_of_the_standard_library_do(look):
    assert LOOKS[look](*new_classes(dataclass)) == LOOKS[look](*new_classes(dataclasses.dataclass))


def errors_of(classes):
    point, named, opened, *_ = classes

    def assign(target, name):
        setattr(target, name, 1)

    for call in (
        lambda: point(-1),
        point,
        lambda: point(1, 2, [], 7, 8),
        lambda: assign(point(1), "x"),
        lambda: assign(point(1), "other"),
        lambda: assign(named(1), "name"),
        lambda: delattr(named(1), "x"),
        lambda: hash(opened()),
        lambda: {}[point(1)],
    ):
        with pytest.raises(Exception) as caught:
            call()
        yield caught.type, str(caught.value)


def test_they_fail_as_those_of_the_standard_library_do():
    assert list(errors_of(new_classes(dataclass))) == list(errors_of(new_classes(dataclasses.dataclass)))


@dataclass(frozen=True)
class Sent:
    x: int
    y: int = 3


def test_one_that_arrives_before_any_was_made_is_whole():
    fresh = dataclass(frozen=True)(type("Sent", (), {"__annotations__": {"x": "int", "y": "int"}, "y": 3}))
    arrived = fresh.__new__(fresh)  # as pickle makes them
    arrived.__dict__.update(x=1, y=3)
    with pytest.raises(FrozenInstanceError):
        arrived.x = 2
    assert repr(arrived) == "Sent(x=1, y=3)"
    assert arrived == fresh(1)
    assert pickle.loads(pickle.dumps(Sent(1))) == Sent(1)


def test_nothing_is_made_before_it_is_needed_and_then_once():
    cls = new_classes(dataclass)[0]
    before = vars(cls)["__init__"]
    assert cls.y == 2
    assert vars(cls)["__init__"] is before
    make(cls)
    made = vars(cls)["__init__"]
    assert made is not before
    cls(1), repr(cls(1)), make(cls)
    assert vars(cls)["__init__"] is made


def test_many_threads_may_make_the_same():
    for _ in range(20):
        cls, found = new_classes(dataclass)[1], []
        begin = threading.Barrier(8)

        def look(cls=cls, found=found, begin=begin):
            begin.wait()
            found.append(repr(cls(1, name="a")))

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == 8
        assert len(set(found)) == 1
