from __future__ import annotations

import json
from pathlib import Path

FLOW = '''
from pyperunner_dag import Pipeline, Secret, Task, run, task

@task("Load", timeout=5)
def load(rows: int = 4, token=None):
    """Make rows.

    And more.
    """

class Fit(Task):
    """Fit a line."""

    @run
    def run(self, data, alpha: "float", 名: str = "x"):
        return alpha

rows = load(token=Secret("hidden-token"))
Fit("a", alpha=0.1)(rows)
pipeline = Pipeline("p", [rows])
'''


def test_what_each_does_and_takes(say, write) -> None:
    write("flow.py", FLOW)
    assert say("tasks", "flow.py", "--set", "Load().rows=9").out.splitlines() == [
        "Load()  Make rows.",
        "    rows: int = 9  (default 4)",
        "    token = Secret(…)  (default None)",
        "    options: timeout=5.0",
        "Fit(a)  Fit a line.",
        "    alpha: 'float' = 0.1",
        "    名: str = 'x'",
        "    after Load()",
    ]


def test_json_and_a_choice(say, write) -> None:
    write("flow.py", FLOW)
    [fit] = json.loads(say("tasks", "flow.py", "Fit*", "--json").out)["tasks"]
    assert (fit["name"], fit["doc"], fit["upstream"]) == ("Fit(a)", "Fit a line.", ["Load()"])
    assert fit["params"][1] == {"name": "名", "annotation": "str", "default": "'x'", "value": "'x'", "given": False}
    unknown = say("tasks", "flow.py", "Fti(a)")
    assert (unknown.code, unknown.err) == (2, "pyperunner: the pipeline has no task 'Fti(a)'. Did you mean Fit(a)?\n")


def test_nothing_is_executed(say, flow: Path, folder: Path) -> None:
    assert say("tasks", "flow.py").code == 0
    assert not list(folder.glob("pyperunner-*"))
