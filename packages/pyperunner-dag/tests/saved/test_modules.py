"""Finding classes and functions by their saved names."""

from __future__ import annotations

import sys

import pytest

from pyperunner_dag import ModuleRefusedError, TaskLookupError
from pyperunner_dag.saved.modules import Modules

SOURCE = """
    from pyperunner_dag import Task, run, task

    @task("Hello")
    def hello():
        return 1

    class World(Task):
        @run
        def run(self):
            return 2

    alias = World

    class Config:
        class Inner:
            pass
"""


def test_a_task_class_whatever_it_is_bound_to(module):
    flow = module("flow_modules", SOURCE)
    find = Modules(None).task_class
    assert find("t", "flow_modules", "Hello") is flow.hello
    assert find("t", "flow_modules", "World") is flow.World


def test_an_imported_class_of_the_same_name_stands_back(module):
    module("flow_modules", SOURCE)
    user = module(
        "flow_modules_user",
        """
        from flow_modules import World as Imported, hello
        from pyperunner_dag import task
        @task("World")
        def mine():
            return 3
        """,
    )
    find = Modules(None).task_class
    assert find("t", "flow_modules_user", "World") is user.mine
    assert find("t", "flow_modules_user", "Hello") is user.hello


def test_two_classes_of_one_name_are_ambiguous(module):
    module("flow_modules", SOURCE + '\n    @task("Hello")\n    def other():\n        return 4\n')
    with pytest.raises(TaskLookupError, match=r"2 Task classes"):
        Modules(None).task_class("t", "flow_modules", "Hello")


@pytest.mark.parametrize(
    ("name", "cls", "words"),
    [
        ("no_such_module", "Hello", "Hello from module no_such_module: ModuleNotFoundError"),
        ("flow_modules", "Absent", "Absent from module flow_modules: it has no such Task class, only: Hello, World"),
        ("flow_modules", "Config", "Config from module flow_modules: it has no such"),
        ("flow_modules", "Task", "Task from module flow_modules: it has no such"),
        ("", "Hello", "from module : ValueError"),
        ("..x", "Hello", "TypeError"),
    ],
)
def test_what_is_missing_names_both(module, name, cls, words):
    module("flow_modules", SOURCE)
    with pytest.raises(TaskLookupError, match=rf"^Hello\(\): .*{words}"):
        Modules(None).task_class("Hello()", name, cls)


def test_objects_by_qualified_name(module):
    flow = module("flow_modules", SOURCE)
    found = Modules(None)
    assert found.object("t", "flow_modules:Config.Inner") is flow.Config.Inner
    assert found.object("t", "builtins:len") is len
    with pytest.raises(TaskLookupError, match=r"absent"):
        found.object("t", "flow_modules:Config.absent")


@pytest.mark.parametrize(
    ("allowed", "name", "is_allowed"),
    [
        (["flow_modules"], "flow_modules", True),
        (["flow_*"], "flow_modules", True),
        ("flow_modules", "flow_modules", True),
        (["x", "*"], "flow_modules", True),
        (["flow"], "flow_modules", False),
        (["FLOW_*"], "flow_modules", False),
        ([], "flow_modules", False),
    ],
)
def test_what_is_not_allowed_is_not_imported(module, allowed, name, is_allowed):
    module("flow_modules", SOURCE, load=False)
    find = Modules(allowed)
    for get in (lambda: find.task_class("t", name, "Hello"), lambda: find.object("t", f"{name}:hello")):
        if is_allowed:
            assert get().__name__ == "Hello"
        else:
            with pytest.raises(ModuleRefusedError, match=r"flow_modules is not among the allowed modules"):
                get()
            assert name not in sys.modules


def test_an_error_of_the_users_module_passes(module):
    module("flow_modules_broken", "1 / 0", load=False)
    with pytest.raises(ZeroDivisionError):
        Modules(None).task_class("t", "flow_modules_broken", "Hello")
