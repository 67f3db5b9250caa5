"""A cell becomes the body of a task: whatever Python a cell may hold."""

from __future__ import annotations

import inspect

import pytest

from pyperunner_runner.notebook.magics import task_of_cell
from pyperunner_runner.testing import run_task


def made(line, cell):
    namespace = {}
    exec(task_of_cell(line, cell), namespace)
    return namespace[line.partition("(")[0].strip()]


@pytest.mark.parametrize(
    ("line", "cell", "params", "output"),
    [
        ("Four", "4", {}, 4),
        ("Sum(a, b=2)", "c = a + b\nc", {"a": 1}, 3),
        (" Sum ( a , b = 2 ) ", "return a + b", {"a": 1}, 3),
        ("Early(x)", "if x:\n    return 'early'\n'late'", {"x": 0}, None),
        ("Nothing", "x = 1", {}, None),
        ("Empty", "", {}, None),
        ("Text", "'''a\n  b'''", {}, "a\n  b"),
        ("Inner", "def f():\n    return 2\nf()", {}, 2),
        ("Anything(**names)", "names", {"b": 1, "a": 2}, {"b": 1, "a": 2}),
    ],
)
def test_the_last_line_is_the_output_unless_something_is_returned(line, cell, params, output):
    assert run_task(made(line.strip(), cell)(**params)) == output


def test_a_cell_that_waits_is_a_coroutine():
    task = made("Later", "import asyncio\nawait asyncio.sleep(0)\n5")
    assert run_task(task()) == 5
    assert inspect.iscoroutinefunction(task.run.run_method.function)


def test_the_same_cell_has_the_same_key_however_it_is_written():
    first, second = made("A(x)", "x + 1")(x=1), made("A( x )", "# a remark\nx+1")(x=1)
    other = made("A(x)", "x + 2")(x=1)
    assert first.hash() == second.hash() != other.hash()


@pytest.mark.parametrize("line", ["", "Clean(", "1", "a b", "A(x", "A(): pass\ndef b(", "clean-up"])
def test_a_line_that_is_no_name_is_refused(line):
    with pytest.raises(SyntaxError, match="after %%task stands the name of the task"):
        task_of_cell(line, "1")
