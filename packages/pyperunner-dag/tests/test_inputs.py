"""Named inputs: tasks in the place of params."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pyperunner_dag import Task, TaskParamError, UnhashableParamError, resolve_inputs, run


class Number(Task):
    @run
    def run(self, n=0):
        return n


class Use(Task):
    @run
    def run(self, x=None, y=None):
        return [x, y]


class Pair(NamedTuple):
    left: object
    right: object


@pytest.fixture
def a():
    return Number("a")


@pytest.fixture
def b():
    return Number("b")


def test_a_task_as_a_param_is_an_edge_beside_the_parents(a, b):
    task = Use(x=a, y=3)(b)
    assert (task.inputs, task.params, task.parents, task.upstream) == ({"x": a}, {"y": 3}, [b], [b, a])
    assert a.children == [task]


def test_inside_lists_tuples_and_dict_values_at_any_depth(a, b):
    task = Use(x={"k": [a, (b, 1)], 2: a}, y=[1, [2]])
    assert task.inputs == {"x": {"k": [a, (b, 1)], 2: a}}
    assert task.params == {"y": [1, [2]]}
    assert task.upstream == [a, b]


def test_the_nesting_is_the_tasks_own(a, b):
    given = [a, [b]]
    task = Use(x=given)
    given[1].append("later")
    given.clear()
    assert task.inputs["x"] == [a, [b]]


def test_resolving_puts_outputs_in_the_place_of_tasks(a, b):
    plain = [1]
    inputs = {"x": {"k": [a, (b, plain)], 2: a}, "y": b}
    calls = []

    def load(task):
        calls.append(task)
        return [task.tag]

    found = resolve_inputs(inputs, load)
    assert found == {"x": {"k": [["a"], (["b"], [1])], 2: ["a"]}, "y": ["b"]}
    assert calls == [a, b]
    assert found["x"]["k"][0] is found["x"][2]
    assert inputs == {"x": {"k": [a, (b, plain)], 2: a}, "y": b}


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda a: {a}, "x holds a task in a set"),
        (lambda a: [frozenset([a])], r"x\[0\] holds a task in a frozenset"),
        (lambda a: {"k": {a: 1}}, r"x\['k'\] holds a task in a key of a dict"),
        (lambda a: Pair(a, 1), "x holds a task in a Pair"),
        (lambda a: Number, r"x is the class Number \(call it to make a task: Number\(\)\)"),
        (lambda a: [1, Number], r"x\[1\] is the class Number"),
    ],
)
def test_where_no_task_can_stand(a, make, place):
    with pytest.raises(TaskParamError, match=rf"task Use \(tag 't'\): {place}"):
        Use("t", x=make(a))
    assert a.children == []


def test_a_task_inside_some_other_object(a):
    class Config:
        def __init__(self, task):
            self.task = task

    with pytest.raises(UnhashableParamError, match=r"param x\[0\]\.task \(Number\).*named input"):
        Use(x=[Config(a)])


def test_a_list_that_contains_itself(a):
    loop = [a]
    loop.append(loop)
    with pytest.raises(TaskParamError, match=r"contains itself"):
        Use(x=loop)


def test_a_plain_value_beside_a_task_must_be_hashable_too(a):
    with pytest.raises(UnhashableParamError, match=r"param x\[1\]\['f'\]"):
        Use(x=[a, {"f": (n for n in ())}])


def test_a_task_in_ten_thousand_items(a):
    task = Use(x=[*range(10_000), a])
    assert task.upstream == [a]
    assert resolve_inputs(task.inputs, lambda task: "out")["x"][-2:] == [9999, "out"]
