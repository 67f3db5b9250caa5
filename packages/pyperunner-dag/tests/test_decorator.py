from __future__ import annotations

import pickle

import pytest

from pyperunner_dag import Task, TaskError, TaskNameError, task


@task("Hello")
def hello(n=1):
    """Say hello."""
    return n


@task("Sum")
def total(data, plus=0):
    return sum(data) + plus


def test_the_decorated_name_is_the_class():
    assert issubclass(hello, Task)
    assert (hello.__name__, hello.__qualname__, hello.__doc__) == ("Hello", "hello", "Say hello.")
    assert hello.__module__ == __name__
    assert hello("t", n=2).name == "Hello(t)"
    assert isinstance(hello(), hello)


def test_receives_input_by_default_if_there_is_a_parameter_data():
    assert (hello().receives_input, total().receives_input) == (False, True)
    assert hello(n=3).execute(["ignored"], {}) == 3
    assert total(plus=1).execute([1, 2], {}) == 4


def test_receives_input_by_order():
    assert task("X", receives_input=True)(lambda data: data)().receives_input is True
    with pytest.raises(AttributeError, match=r"task X .*no parameter named 'data'"):
        task("X", receives_input=True)(lambda: 1)


def test_data_is_an_ordinary_param_of_a_function_that_is_said_to_receive_none():
    made = task("X", receives_input=False)(lambda data: data)
    assert made(data=5).execute(["ignored"], {}) == 5
    assert made(data=5).run() == 5
    with pytest.raises(TaskError, match=r"missing a required argument: 'data'"):
        made()


def test_without_a_name():
    for wrong in (lambda: task(lambda: 1), lambda: task(), lambda: task("")):
        with pytest.raises(TypeError, match=r"write @task\(name\)"):
            wrong()


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_names_that_no_file_can_carry(name):
    with pytest.raises(TaskNameError):
        task(name)


def test_not_a_function():
    for thing, kind in ((3, "int"), (hello, "ABCMeta"), (int, "type")):
        with pytest.raises(TypeError, match=rf"decorates a function, not a {kind}"):
            task("X")(thing)


def test_a_generator_function_is_refused_when_a_task_is_made():
    @task("Gen")
    def gen():
        yield 1

    with pytest.raises(TaskError, match=r"task Gen: .*return a list"):
        gen()


def test_classes_pickle_by_the_name_they_are_bound_to(module):
    flow = module(
        "flow_decorator",
        """
        from pyperunner_dag import task
        @task("Hello")
        def hello(n=1):
            return n
        """,
    )
    assert pickle.loads(pickle.dumps(flow.hello)) is flow.hello
    copy = pickle.loads(pickle.dumps(flow.hello("t", n=2)))
    assert (copy.name, copy.params, copy.hash()) == ("Hello(t)", {"n": 2}, flow.hello("t", n=2).hash())
