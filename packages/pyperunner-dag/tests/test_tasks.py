"""Tasks: names, params, connections."""

from __future__ import annotations

import pickle
import threading

import pytest

from pyperunner_dag import (
    NotATaskError,
    Task,
    TaskDefinitionError,
    TaskError,
    TaskNameError,
    TaskParamError,
    UnhashableParamError,
    run,
    task,
)


class Hello(Task):
    """Says hello."""

    @run
    def run(self, n, who="you"):
        return [who] * n


class Join(Task):
    @run
    def run(self, data, sep=","):
        return sep.join(data)


def test_name_tag_params_and_what_a_new_task_has():
    hello = Hello("x", n=1)
    assert (hello.name, hello.task_name, hello.tag, hello.params) == ("Hello(x)", "Hello", "x", {"n": 1})
    assert (hello.reload, hello.status, hello.output, hello.result) == (False, Task.Status.NOT_STARTED, None, None)
    assert (hello.parents, hello.children, hello.inputs, hello.data_path) == ([], [], {}, "")
    assert Hello(n=1).name == "Hello()"
    assert Hello("x", True, n=1).reload is True


@pytest.mark.parametrize("tag", ["a/b", "..", "a\nb", "ä", "x" * 300, " ", "(", "\x1b[31m"])
def test_tags_may_be_any_text(tag):
    assert Hello(tag, n=1).name == f"Hello({tag})"


@pytest.mark.parametrize(
    ("tag", "why"), [(3, "int"), (None, "NoneType"), (b"x", "bytes"), ("a\0", "NUL"), ("\ud800", "surrogate")]
)
def test_tags_that_no_file_can_carry(tag, why):
    with pytest.raises(TaskNameError, match=f"task Hello cannot have the tag .*{why}"):
        Hello(tag, n=1)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "missing a required argument: 'n'"),
        ({"n": 1, "x": 2}, "got an unexpected keyword argument 'x'"),
        ({"n": 1, "data": []}, "got an unexpected keyword argument 'data'"),
    ],
)
def test_params_are_checked_when_the_task_is_made(params, words):
    with pytest.raises(TaskError) as caught:
        Hello("raw", **params)
    assert str(caught.value).startswith(f"task Hello (tag 'raw'): {words}")
    assert isinstance(caught.value, TypeError)


def test_data_is_not_given_by_name():
    with pytest.raises(TaskParamError, match=r"'data' is what the parents give"):
        Join(data=["a"])


@pytest.mark.parametrize("path", ["n", "n['a'][1]"])
def test_a_param_without_an_encoding_names_task_tag_and_place(path):
    value = threading.Lock()
    with pytest.raises(UnhashableParamError, match=r"task Hello \(tag 'raw'\): param " + path.replace("[", r"\[")):
        Hello("raw", n=value if path == "n" else {"a": (1, value)})


def test_assert_params_complete_sees_changes_by_hand():
    hello = Hello(n=1)
    hello.assert_params_complete()
    del hello.params["n"]
    with pytest.raises(TaskParamError, match=r"missing a required argument: 'n'"):
        hello.assert_params_complete()


def test_set_params_checks_and_changes_all_or_nothing():
    other = Hello("other", n=1)
    hello = Hello("x", n=other)
    before = hello.hash()
    for bad in ({"x": 1}, {"who": threading.Lock(), "n": 2}):
        with pytest.raises(TaskError):
            hello.set_params(**bad)
    assert (hello.params, hello.inputs, hello.hash(), other.children) == ({}, {"n": other}, before, [hello])
    hello.set_params(n=2, who="me")
    assert (hello.params, hello.inputs, hello.upstream, other.children) == ({"n": 2, "who": "me"}, {}, [], [])
    assert hello.hash() == Hello("x", n=2, who="me").hash()


def test_a_subclass_must_define_run():
    class Empty(Task):
        pass

    for cls in (Empty, Task):
        with pytest.raises(TypeError, match=r"abstract"):
            cls()


def test_a_subclass_must_decorate_run():
    class Bare(Task):
        def run(self):
            return 1

    with pytest.raises(TaskDefinitionError, match=r"task Bare: .*@run"):
        Bare()


def test_run_is_inherited():
    class Greeting(Hello):
        pass

    assert Greeting(n=2).execute([], {}) == ["you", "you"]
    assert Greeting(n=2).name == "Greeting()"


def test_connecting():
    a, b, child = Hello("a", n=1), Hello("b", n=1), Join()
    assert child(a) is child
    assert child([b, a]).parents == [a, b, a]
    assert child(task for task in ()).parents == [a, b, a]
    assert a.children == b.children == [child]


@pytest.mark.parametrize(
    ("stranger", "what"),
    [
        (Hello, r"the class Hello \(call it"),
        ("Hello", "'Hello' .a str."),
        (None, "None"),
        ([3], "3 .a int."),
        (int, "int"),
    ],
)
def test_connecting_something_else(stranger, what):
    child = Join("c")
    parent = Hello("a", n=1)
    with pytest.raises(NotATaskError, match=rf"a parent of Join\(c\) must be a task, not .*{what}"):
        child([parent, stranger] if not isinstance(stranger, list) else stranger)
    with pytest.raises(ValueError):
        child(stranger)
    assert (child.parents, parent.children) == ([], [])


def test_execute_gives_params_inputs_and_data():
    other = Hello("other", n=1)
    child = Join(sep=other)
    assert child.execute(["a", "b"], {"sep": "-"}) == "a-b"
    assert Hello(n=1, who="x").execute(["ignored"], {}) == ["x"]


def test_description():
    hello = Hello("x", n=[1])
    assert hello.description() == {
        "name": "Hello",
        "module": __name__,
        "tag": "x",
        "hash": hello.hash(),
        "params": {"n": [1]},
    }


def test_a_param_may_be_named_like_anything_but_tag_and_reload():
    @task("Odd")
    def odd(name, self, hash, params, run):  # noqa: A002
        return [name, self, hash, params, run]

    made = odd("t", name=1, self=2, hash=3, params=4, run=5)
    assert made.execute([], {}) == [1, 2, 3, 4, 5]
    assert made.name == "Odd(t)"


def test_a_task_whose_input_was_replaced_by_a_value_is_pickled_like_any_other():
    child = Hello("child", n=2, who=Hello("parent", n=1))
    child.set_params(who="me")
    copied = pickle.loads(pickle.dumps(child))
    assert (copied.params, copied.inputs, copied.upstream) == ({"n": 2, "who": "me"}, {}, [])
    assert copied.hash() == child.hash()
