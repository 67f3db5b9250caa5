"""One process lives on while its code and values change: each run sees what is there now, and poisons no other process.

Edits: redefine, patch, mutate and reload; of a helper, constant, class, method, default, closure, container and module.
"""

from __future__ import annotations

import pytest

FLOW = """
import enum, importlib, sys
from pathlib import Path

import helpers
from pyperunner import Pipeline, Runner, task

K, TABLE, NESTED = 1, [1], {"a": [{"b": 1}]}

def scale(x, by=1): return x * K * by

def make(n):
    def inner(x): return x + n
    return inner

add = make(1)

class Model:
    factor = 1
    def go(self, x): return x * self.factor

class Color(enum.Enum):
    RED = 1
    def __init__(self, value): self._held = value
    def get(self): return self._held

def t_function(x):
    own = [scale(x), TABLE[-1], NESTED["a"][0]["b"], add(x), Model().go(x)]
    return [*own, helpers.clip(x), helpers.SIZES["a"], Color.RED.get()]

t = task("T")(t_function)

def write(text):
    Path("helpers.py").write_text(text)
    importlib.invalidate_caches()
    importlib.reload(helpers)

OLD = Path("helpers.py").read_text()
EDITS = {
    "member of an enum": ("Color.RED._held = 2", "Color.RED._held = 1"),
    "constant": ("globals().update(K=2)", "globals().update(K=1)"),
    "helper": ("old = scale; globals().update(scale=lambda x: 7)", "globals().update(scale=old)"),
    "code": ("old = scale.__code__; scale.__code__ = (lambda x, by=1: 8).__code__", "scale.__code__ = old"),
    "default": ("scale.__defaults__ = (3,)", "scale.__defaults__ = (1,)"),
    "closure": ("old = add; globals().update(add=make(5))", "globals().update(add=old)"),
    "list": ("TABLE.append(9)", "TABLE.pop()"),
    "nested": ("NESTED['a'][0]['b'] = 2", "NESTED['a'][0]['b'] = 1"),
    "attribute": ("Model.factor = 4", "Model.factor = 1"),
    "method": ("old = Model.go; Model.go = lambda self, x: -x", "Model.go = old"),
    "module": ("helpers.LIMIT = 3", "helpers.LIMIT = 5"),
    "module's table": ("helpers.SIZES['a'] = 0", "helpers.SIZES['a'] = 1"),
    "reload": ("write(OLD.replace('x, LIMIT', '2, LIMIT, x'))", "write(OLD)"),
}

if __name__ == "__main__":
    executor, start_method, step = sys.argv[1], sys.argv[2] or None, int(sys.argv[3])
    chosen = [*EDITS][::step] if step else []
    runner = Runner("data", "runs", executor=executor, start_method=start_method)
    one = t(x=10)
    pipeline, wrong = Pipeline("p", [one]), []

    def go(name, status):
        right = t_function(10)
        runner.run(pipeline)
        if (one.status.name, one.output) != (status, right):
            wrong.append((name, one.status.name, one.output, "right", status, right))

    go("first", "SKIPPED" if Path("data").exists() else "SUCCESS")
    for name in chosen:
        exec(EDITS[name][0], globals())
        go(name, "SUCCESS")
        go(name + ", again", "SKIPPED")
        exec(EDITS[name][1], globals())
        go(name + ", undone", "SKIPPED")
    print(wrong or "right")
"""
HELPERS = "LIMIT = 5\nSIZES = {'a': 1}\n\n\ndef clip(x):\n    return min(x, LIMIT)\n"


@pytest.mark.parametrize(
    ("executor", "start_method", "step"),
    [
        ("inline", "", 1),
        ("pool", "fork", 1),
        ("process", "fork", 1),
        pytest.param("process", "forkserver", 1, marks=pytest.mark.long),
        pytest.param("process", "spawn", 1, marks=pytest.mark.long),
        pytest.param("pool", "forkserver", 1, marks=pytest.mark.long),
        ("process", "forkserver", 5),
        ("process", "spawn", 6),
    ],
)
def test_each_run_sees_what_is_there_now(project, executor, start_method, step):
    """0 stale, 0 wasted; and 0 poisoned: a process with the old code finds the old values, and nothing to do."""
    project.write("flow.py", FLOW)
    project.write("helpers.py", HELPERS)
    for steps in (step, 0):
        assert project.python("flow.py", executor, start_method, str(steps)) == "right"


CHANGED_MEANWHILE = """
import sys
from pyperunner import Pipeline, Runner, task

K, SHARED = 1, [1]

@task("First")
def first():
    global K
    K = 2
    SHARED.append(2)
    return 1

@task("Second")
def second(data, values=()): return [K, list(values)]

if __name__ == "__main__":
    how, executor = sys.argv[1:]
    a = first()
    b = second(values=SHARED if how == "param" else ())(a)
    hooks = []
    if how == "hook":
        def change(event):
            global K
            K = 3
        hooks = [change]
    Runner("data", "runs", executor=executor, process_limit=1, hooks=hooks).run(Pipeline("p", [a]))
    print(b.status.name, b.result.exception if b.result else None)
"""


@pytest.mark.parametrize(
    ("how", "executor"), [("task", "inline"), ("param", "inline"), ("task", "pool"), ("hook", "inline")]
)
def test_what_changes_between_plan_and_start_is_noticed(project, how, executor):
    project.write("flow.py", CHANGED_MEANWHILE)
    said = project.python("flow.py", how, executor)
    assert said.startswith("FAILURE task Second (no tag): changed during the run: "), said
    assert "Nothing was stored" in said
    assert not list(project.folder.glob("data/Second*/*/result*"))


def test_a_value_that_cannot_be_read_again_by_the_process_of_a_task_is_named(project):
    project.write(
        "service.py",
        """
        from pyperunner import task

        class State:
            def __init__(self):
                self.held = {"n": 1}

            def __getattr__(self, name):  # also of __setstate__, while nothing is held
                return self.held[name]

        app = State()

        @task("With")
        def with_it():
            return app.n
        """,
    )
    project.write(
        "flow.py",
        """
        import service
        from pyperunner import Pipeline, Runner

        if __name__ == "__main__":
            service.app.held["n"] = 2
            using = service.with_it()
            Runner("store", "logs", start_method="forkserver").run(Pipeline("p", [using]))
            print(using.status.name, using.result.exception)
        """,
    )
    failure = project.python("flow.py")
    assert failure.startswith("FAILURE service.app has changed since it was made, and what it holds now can't be read")
