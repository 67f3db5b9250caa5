"""What @run finds out, and how it calls."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_dag import Task, TaskDefinitionError, TaskError, run
from pyperunner_dag.run_method import RunMethod, method_of


class Scale(Task):
    """Multiplies."""

    @run
    def run(self, data, factor=2, *, plus=0):
        """Multiply each."""
        return [factor * item + plus for item in data]


class Plain(Task):
    @run
    def run(self, n):
        return n


def test_by_hand_the_own_params_are_filled_in_and_given_ones_win():
    task = Scale(factor=10)
    assert task.run(data=[1, 2]) == [10, 20]
    assert task.run([1, 2]) == [10, 20]
    assert task.run([1], 3) == [3]
    assert task.run(data=[1], factor=4, plus=1) == [5]


def test_by_hand_data_that_is_not_taken_is_dropped():
    assert Plain(n=1).run(data=[5]) == 1


def test_by_hand_data_and_inputs_default_to_outputs():
    parent, other = Plain("p", n=1), Plain("o", n=2)
    parent.set_output(3)
    other.set_output(7)
    assert Scale(factor=other)(parent).run() == [21]


def test_by_hand_without_a_param_python_says_what_is_missing():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'x'"):
        Plain(n=1).run(x=2)


def test_super_is_an_ordinary_method():
    class Twice(Scale):
        @run
        def run(self, data, factor=2, times=2):
            return super().run(data, factor=times * factor)

    assert Twice(factor=5).execute([1], {}) == [10]
    assert Twice(factor=5).run([1]) == [10]


def test_any_keywords_are_taken_by_a_function_that_takes_any():
    class Open(Task):
        @run
        def run(self, **params):
            return params

    assert Open(a=1, b=2).execute([], {}) == {"a": 1, "b": 2}
    assert Open(a=1, b=2).run(b=3) == {"a": 1, "b": 3}
    assert not Open().receives_input


def test_the_decorated_method_looks_like_the_users():
    assert Scale.run.__doc__ == "Multiply each."
    assert Scale.run.__wrapped__.__qualname__ == "Scale.run"


def test_async_functions_are_run_to_their_end():
    class Waits(Task):
        @run
        async def run(self, n):
            await asyncio.sleep(0)
            return n + 1

    assert Waits(n=1).execute([], {}) == 2
    assert Waits(n=1).run() == 2

    async def notebook():
        return Waits(n=1).execute([], {}), Waits(n=1).run()

    assert asyncio.run(notebook()) == (2, 2)


def test_beside_a_running_loop_context_and_errors_are_those_of_the_caller():
    class Fails(Task):
        @run
        async def run(self):
            raise ValueError(word.get())

    word = contextvars.ContextVar("word")

    async def notebook():
        word.set("the caller's")
        Fails().run()

    with pytest.raises(ValueError, match="the caller's"):
        asyncio.run(notebook())


def test_beside_a_running_loop_a_signal_ends_the_task():
    ended = []

    class Waits(Task):
        @run
        async def run(self):
            threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(True)

    async def notebook():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a kernel; asyncio's own would wait
        Waits().run()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(notebook())
    assert ended


@pytest.mark.parametrize("kind", ["generator", "async generator"])
def test_generators_are_refused_when_a_task_is_made(kind):
    if kind == "generator":

        class Bad(Task):
            @run
            def run(self):
                yield 1
    else:

        class Bad(Task):
            @run
            async def run(self):
                yield 1

    with pytest.raises(TaskDefinitionError, match=r"task Bad: .*generator.*return a list"):
        Bad()


@pytest.mark.parametrize("name", ["tag", "reload"])
def test_a_parameter_that_every_task_has_already(name):
    namespace = {}
    exec(f"def function(self, {name}=None): pass", namespace)
    bad = type("Bad", (Task,), {"run": run(namespace["function"])})
    with pytest.raises(TaskError, match=f"parameter named '{name}'"):
        bad()


def test_run_without_self():
    class Bad(Task):
        @run
        def run():
            return 1

    with pytest.raises(TaskError, match=r"self"):
        Bad()


def test_run_decorates_callables_only():
    with pytest.raises(TypeError, match=r"@run decorates .* not a str"):
        run("run")


def test_a_function_without_a_signature():
    class Bad(Task):
        run = run(dict.fromkeys)

    method = RunMethod(type, takes_self=False)
    assert "no signature" in method.problem
    assert method_of(Bad)
    with pytest.raises(TaskDefinitionError, match="decorated with @run"):
        method_of(int)


FUNCTIONS = [
    lambda: 0,
    lambda a: a,
    lambda a, b=1: a,
    lambda a=1, *, b, c=2: a,
    lambda a, /, b=1: a,
    lambda a, /, **rest: a,
    lambda a=1, /: a,
    lambda *rest: rest,
    lambda a, *rest, b: rest,
    lambda a, **rest: rest,
    lambda data: data,
    lambda data, a: data,
    lambda data=None, *, a=1: data,
    lambda a, data, /: data,
]


@given(st.sampled_from(FUNCTIONS), st.sets(st.sampled_from("abcx")), st.sampled_from([None, False]))
def test_arguments_are_checked_as_a_call_would(function, names, receives_input):
    method = RunMethod(function, takes_self=False, receives_input=receives_input)
    data = {"data"} if method.receives_input else set()
    check = problem_of(lambda: method.check(dict.fromkeys(names)))
    call = problem_of(lambda: method.signature.bind(**dict.fromkeys([*sorted(names - data), *data])))
    assert (check is None) == (call is None)


def problem_of(call):
    try:
        call()
    except TypeError as error:
        return str(error)
    return None


def test_data_is_never_given_by_name():
    with pytest.raises(TaskError, match=r"'data' is what the parents give"):
        Scale(data=[1])
    with pytest.raises(TaskError, match=r"'data' is what the parents give"):
        Scale(data=[1], factor=2, plus=1)
