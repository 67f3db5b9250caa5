"""A RUN by its folder, its name, the beginning of it, or `latest`, wherever one is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture
def names(say, flow: Path, folder: Path) -> list[str]:
    """Two runs, the earlier first; the later one is of another pipeline, whose name sorts before the earlier one's."""
    assert say("run", "flow.py", "--no-report", "--executor", "inline").code == 0
    text = flow.read_text().replace('Pipeline("flow"', 'Pipeline("earlier"')
    (folder / "other.py").write_text(text)
    assert say("run", "other.py", "--set", "Number().value=5", "--no-report", "--executor", "inline").code == 0
    return sorted((path.name for path in (folder / "pyperunner-runs").iterdir()), reverse=True)


def test_latest_a_name_and_its_beginning_are_runs(say, names: list[str]) -> None:
    for run, output in (
        ("latest", "10"),
        (names[0], "6"),
        ("flow_", "6"),
        ("ear", "10"),
        (f"pyperunner-runs/{names[1]}", "10"),
    ):
        assert say("results", run, "Double()").out == f"{output}\n"


def test_wherever_a_run_is_asked_for(say, names: list[str]) -> None:
    assert "param value: 3 → 5" in say("diff", "flow", "latest").out
    assert say("report", "latest").out == f"pyperunner-runs/{names[1]}/report.html\n"
    assert say("debug", "latest", "Double()").out == "doubling\n10\n"
    assert "0 of 2 tasks to execute" in say("plan", "latest").out
    assert say("graph", "flow_", "--format", "mermaid").out.startswith("flowchart")
    assert "\n0 executed, 2 skipped in " in say("run", "flow", "--no-report").out


def test_a_run_of_another_log_path(say, names: list[str], folder: Path) -> None:
    (folder / "pyperunner-runs").rename("records")
    assert say("results", "latest", "Double()", "--log-path", "records").out == "10\n"
    assert say("results", "latest").code == 2


def test_a_file_wins_over_a_name(say, names: list[str], folder: Path) -> None:
    (folder / "pyperunner-runs" / names[0]).rename("latest")
    assert say("results", "latest", "Double()").out == "6\n"


@pytest.mark.parametrize("command", ["results", "diff", "report", "debug"])
def test_mistakes_get_the_near_names(say, names: list[str], command: str) -> None:
    more = {"diff": ["latest"], "debug": ["Double()"]}.get(command, [])
    wrong, empty = say(command, "latets", *more), say(command, "latest", *more, "--log-path", "nowhere")
    assert (wrong.code, wrong.out, empty.code, empty.out) == (2, "", 2, "")
    assert "there is no run 'latets'. Did you mean latest?" in wrong.err
    assert "nowhere holds none" in empty.err


def test_the_beginning_of_several_is_refused(say, names: list[str]) -> None:
    say("run", "flow.py", "--no-report")
    said = say("results", "flow_")
    assert said.code == 2
    assert "is the beginning of several runs: flow_" in said.err


def test_json_of_a_run_and_of_outputs(say, names: list[str], folder: Path) -> None:
    said = json.loads(say("results", "flow", "--json").out)
    assert (said["command"], said["schema"]) == ("results", 1)
    assert said["run"] == {
        "name": names[0],
        "folder": str(folder / "pyperunner-runs" / names[0]),
        "pipeline": "flow",
        "state": "success",
    }
    assert [(task["name"], task["status"], task["output"]) for task in said["tasks"]] == [
        ("Number()", "SUCCESS", "stored"),
        ("Double()", "SUCCESS", "stored"),
    ]
    outputs = json.loads(say("results", "flow", "*()", "--json").out)["outputs"]
    assert outputs == [
        {"name": "Number()", "type": "builtins.int", "value": 3},
        {"name": "Double()", "type": "builtins.int", "value": 6},
    ]


def test_json_of_runs_and_of_their_difference(say, names: list[str]) -> None:
    runs = json.loads(say("runs", "--json", "-n", "1").out)
    assert ([run["name"] for run in runs["runs"]], runs["earlier"]) == ([names[1]], 1)
    assert runs["runs"][0]["tasks"] == {"SUCCESS": 2}
    said = say("diff", "flow", "latest", "--json", "--exit-code")
    found = json.loads(said.out)
    assert (said.code, found["same"]) == (3, False)
    assert found["tasks"]["Number()"]["params"] == {"value": [3, 5]}
    assert found["tasks"]["Double()"]["output_lines"] == ["6 → 10"]
    alike = say("diff", "flow", "flow", "--json", "--exit-code")
    assert (alike.code, json.loads(alike.out)["same"]) == (0, True)
