from __future__ import annotations

import json
from pathlib import Path


def test_it_says_what_a_run_would_do_and_does_nothing(say, flow: Path, folder: Path) -> None:
    said = say("plan", "flow.py")
    assert said.code == 0
    lines = said.out.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["Number()", "run"], ["Double()", "run"]]
    assert lines[2] == "2 of 2 tasks to execute"
    assert not list(folder.glob("pyperunner-*/*"))


def test_after_a_run_nothing_is_left_to_execute(say, flow: Path) -> None:
    assert say("run", "flow.py").code == 0
    assert say("plan", "flow.py").out.splitlines()[-1] == "0 of 2 tasks to execute"
    changed = say("plan", "flow.py", "--set", "Double().times=5").out.splitlines()
    assert [line.split()[1] for line in changed[:2]] == ["load", "run"]
    assert say("plan", "flow.py", "--force").out.splitlines()[-1] == "2 of 2 tasks to execute"


def test_it_shows_what_is_not_selected(say, flow: Path) -> None:
    lines = say("plan", "flow.py", "--until", "Number").out.splitlines()
    assert [line.split(maxsplit=2)[1:] for line in lines[:2]] == [["run", "entry missing"], ["skip", "not selected"]]
    unknown = say("plan", "flow.py", "--only", "Doubel()")
    assert unknown.code == 2
    assert "Double()" in unknown.err


def test_json_and_an_exit_code_say_whether_anything_would_run(say, flow: Path) -> None:
    cold = say("plan", "flow.py", "--json", "--exit-code")
    assert cold.code == 3
    assert json.loads(cold.out) == {
        "command": "plan",
        "schema": 1,
        "pipeline": "flow",
        "to_execute": 2,
        "tasks": [
            {"name": "Number()", "action": "run", "reasons": ["entry missing"]},
            {"name": "Double()", "action": "run", "reasons": ["entry missing"]},
        ],
    }
    assert say("plan", "flow.py").code == 0
    say("run", "flow.py")
    warm = say("plan", "flow.py", "--exit-code", "--json")
    assert (warm.code, json.loads(warm.out)["to_execute"]) == (0, 0)
    changed = json.loads(say("explain", "flow.py", "--set", "Number().value=4", "--json").out)
    assert [(task["state"], task["reasons"]) for task in changed["tasks"]] == [
        ("will run", ["param value: 3 → 4"]),
        ("will run", ["upstream Number() changed"]),
    ]
    assert changed["tasks"][0]["differences"] == [{"kind": "param", "text": "param value: 3 → 4", "diff": ""}]


def test_json_is_alone_on_standard_output(say, flow: Path) -> None:
    flow.write_text(f"print('loading')\n{flow.read_text()}")
    said = say("plan", "flow.py", "--json")
    assert (json.loads(said.out)["pipeline"], said.err) == ("flow", "loading\n")
