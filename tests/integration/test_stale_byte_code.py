"""Two edits within one second: Python takes the byte code of the first for that of the second.

What a task returned is what its code was when it ran, never what it was at another time: the result that is shown is
that of the code which is loaded, and once Python reads the text again, that of the text.
"""

from __future__ import annotations

import json
import os

import pytest

import pyperunner

HELPERS = {
    "function": "def value(): return {v}\n",
    "default": "def value(x={v}): return x\n",
    "constant": "VALUE = {v}\ndef value(): return VALUE\n",
    "method": "class Model:\n    def fit(self): return {v}\ndef value(): return Model().fit()\n",
    "attribute": "class Model:\n    k = {v}\ndef value(): return Model.k\n",
    "keyword": (
        "class Base:\n    def __init_subclass__(cls, k): cls._k = k\n"
        "class Model(Base, k={v}): pass\ndef value(): return Model._k\n"
    ),
    "statement": (
        "import threading\nclass Held:\n    def __init__(self, k): self.k, self.lock = k, threading.Lock()\n"
        "HELD = Held({v})\ndef value(): return HELD.k\n"
    ),
    "registry": "import table\ntable.ENTRIES.append({v})\ndef value(): return table.ENTRIES[-1]\n",
}

FLOW = """
import json, sys
import table
from pyperunner import Pipeline, Runner, task
{imports}

{tasks}
made = {{task.tag: task for task in [{calls}]}}
pipeline = Pipeline("p", list(made.values()))
if __name__ == "__main__":
    Runner("data", "logs", 2, start_method=sys.argv[1]).run(pipeline)
    outputs = {{tag: task.output for tag, task in made.items()}}
    print(json.dumps([outputs, {{{here}}}]))
"""

TASK = """
@task("{name}")
def {name}():
    {late}
    return {name}_helper.value()
"""


def make_flow(project, kinds):
    """Write a flow with two tasks for each kind of helper, imported at its top and in the task; return their writer."""
    names = [f"{place}_{kind}" for kind in kinds for place in ("top", "late")]
    project.write(
        "flow.py",
        FLOW.format(
            imports="\n".join(f"import {name}_helper" for name in names if name.startswith("top")),
            tasks="\n".join(
                TASK.format(name=name, late=f"import {name}_helper" if name.startswith("late") else "pass")
                for name in names
            ),
            calls=", ".join(f"{name}('{name}')" for name in names),
            here=", ".join(f"'{name}': {name}_helper.value()" for name in names if name.startswith("top")),
        ),
    )
    project.write("table.py", "ENTRIES = [0]\n")

    def write(value, seconds):
        for name in names:
            path = project.write(f"{name}_helper.py", HELPERS[name.partition("_")[2]].format(v=value))
            os.utime(path, (seconds, seconds))

    return write


def as_script(project, method):
    """Run it as a script; return what the tasks returned, and what the helpers at the top return there."""
    return json.loads(project.python("flow.py", method, PYTHONDONTWRITEBYTECODE="").splitlines()[-1])


SHOW = """
import json, flow
print(json.dumps({tag: vars(flow)[f"{tag}_helper"].value() for tag in flow.made if f"{tag}_helper" in vars(flow)}))
"""


def as_command(project, method):
    """Run it with the command; return the same, the helpers as another process loads them."""
    places = ("--data-path", "data", "--log-path", "logs")
    project.command("run", "flow.py", "--start-method", method, *places, PYTHONDONTWRITEBYTECODE="")
    newest = max((project.folder / "logs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    results = pyperunner.PipelineResult.from_file(newest)
    outputs = {name.partition("(")[2][:-1]: results[name] for name in results}
    return outputs, json.loads(project.python("-c", SHOW, PYTHONDONTWRITEBYTECODE=""))


@pytest.mark.parametrize(
    ("kinds", "ways"),
    [
        (HELPERS, [(as_script, "fork"), (as_command, "fork")]),
        (["function", "keyword"], [(as_script, "spawn")]),
        (["function", "statement"], [(as_command, "spawn")]),
    ],
    ids=["fork", "spawn", "spawn-by-command"],
)
def test_what_is_shown_is_what_ran(project, kinds, ways):
    write = make_flow(project, kinds)
    # The value in the text, the text's time, and whether Python sees the edit.
    for value, seconds, seen in [(1, 1e9, True), (2, 1e9, False), (2, 2e9, True)]:
        write(value, seconds)
        for run, method in ways:
            outputs, here = run(project, method)
            assert (len(outputs), len(here)) == (2 * len(kinds), len(kinds))
            assert {name: outputs[name] for name in here} == here, "what ran is not what was loaded"
            late = {name: output for name, output in outputs.items() if name not in here}
            assert set(late.values()) == {value}, "what a task imports by itself is not the text"
            if seen:
                assert set(here.values()) == {value}
