from __future__ import annotations

from pathlib import Path

import pytest

FEATURES = """
def clean(x):
    return x
"""


@pytest.fixture
def flow(write, flow: Path) -> Path:
    """The flow with a helper in a module of its own."""
    write("features.py", FEATURES)
    text = flow.read_text().replace("Pipeline, task\n", "Pipeline, task\nfrom features import clean\n")
    return write("flow.py", text.replace("data[0] *", "clean(data[0]) *"))


def test_each_task_has_a_line_that_begins_with_name_and_state(shell, flow: Path) -> None:
    said = shell("explain", "flow.py")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "Number()  will run",
        "    entry missing",
        "Double()  will run",
        "    entry missing",
    ]
    assert shell("run", "flow.py").code == 0
    assert shell("explain", "flow.py").out.splitlines() == ["Number()  up to date", "Double()  up to date"]


def test_an_edit_is_named_and_shown(shell, write, flow: Path) -> None:
    assert shell("run", "flow.py").code == 0
    write("features.py", FEATURES.replace("return x", "return x + 1"))
    lines = [
        "Number()  up to date, needed by a task that runs",
        "Double()  will run",
        "    helper clean() in features.py changed",
    ]
    assert shell("explain", "flow.py").out.splitlines() == lines
    diff = [
        "        --- features.py (before)",
        "        +++ features.py (now)",
        "        @@ -1,2 +1,2 @@",
        "         def clean(x):",
        "        -    return x",
        "        +    return x + 1",
    ]
    assert shell("explain", "flow.py", "--diff").out.splitlines() == lines + diff
    assert shell("explain", "flow.py", "Double").out.splitlines() == lines[1:] + diff
    plan = shell("plan", "flow.py", "--set", "Double().times=3").out.splitlines()
    assert plan[1].endswith("param times added (and 1 more)")


def test_a_param_and_what_follows(shell, flow: Path) -> None:
    assert shell("run", "flow.py").code == 0
    assert shell("explain", "flow.py", "--set", "Number().value=4").out.splitlines() == [
        "Number()  will run",
        "    param value: 3 → 4",
        "Double()  will run",
        "    upstream Number() changed",
    ]
    assert shell("explain", "flow.py", "--force").out.count("    forced") == 2


def test_an_unknown_task(shell, flow: Path) -> None:
    said = shell("explain", "flow.py", "Duoble()")
    assert (said.code, said.out) == (2, "")
    assert said.err == "pyperunner: the pipeline has no task 'Duoble()'. Did you mean Double() or Number()?\n"
