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


OTHERS = """
    import os, subprocess
    from functools import partial
    from os import system
    from flow_modules import Config, World, hello
    from pyperunner_dag import Task, run, task

    def mine():
        return 1

    class Mine(Task):
        @run
        def run(self):
            return 2

    class Holder:
        imported = staticmethod(os.system)
        def method(self):
            return 1
        class Inner:
            pass
"""


@pytest.mark.parametrize("name", ["mine", "Mine", "Holder", "Holder.Inner", "Holder.method"])
def test_what_is_defined_in_an_allowed_module_is_found(module, name):
    module("flow_modules", SOURCE)
    module("flow_modules_user", OTHERS)
    assert Modules(["flow_modules_user"]).object("t", f"flow_modules_user:{name}").__name__ == name.rpartition(".")[2]


@pytest.mark.parametrize(
    "name",
    [
        "os.system", "system", "subprocess.Popen", "partial", "Config", "World", "Task", "os", "hello.execute",
        "Holder.imported", "mine.__globals__", "mine.__class__", "mine.__call__", "Holder.__subclasses__",
        "Holder.__init__", "Holder.__dict__", "__builtins__", "__loader__", "Mine.__mro__",
    ],
)  # fmt: skip
def test_what_is_only_named_in_an_allowed_module_is_refused(module, name):
    module("flow_modules", SOURCE)
    module("flow_modules_user", OTHERS)
    with pytest.raises(ModuleRefusedError):
        Modules(["flow_modules_user"]).object("t", f"flow_modules_user:{name}")


def test_so_is_a_task_that_an_allowed_module_imports(module):
    module("flow_modules", SOURCE)
    user = module("flow_modules_user", OTHERS)
    find = Modules(["flow_modules_user"]).task_class
    assert find("t", "flow_modules_user", "Mine") is user.Mine
    for name in ("World", "Hello"):
        with pytest.raises(TaskLookupError, match="only: Mine"):
            find("t", "flow_modules_user", name)
    assert Modules(["flow_*"]).task_class("t", "flow_modules_user", "World").__name__ == "World"
