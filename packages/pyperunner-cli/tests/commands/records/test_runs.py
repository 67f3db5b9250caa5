"""The commands that look at runs: runs, diff, report, debug, and running a recorded one again."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture
def two_runs(say, flow: Path, folder: Path) -> list[str]:
    """Two runs of one pipeline, the second with another param; their folders, the earlier first."""
    found: list[str] = []
    for settings in ((), ("--set", "Double().times=5")):
        assert say("run", "flow.py", *settings).code == 0
        found += [str(path) for path in (folder / "pyperunner-runs").iterdir() if str(path) not in found]
    return found


def test_runs_are_listed_with_what_changed(say, two_runs: list[str]) -> None:
    head, first, second = say("runs").out.splitlines()
    assert head.split()[:2] == ["run", "started"]
    assert first.startswith(Path(two_runs[0]).name)
    assert "2 success" in first
    assert "Double().times: none → 5" in second


def test_a_run_that_goes_on_and_one_that_was_killed_are_listed(say, flow: Path, folder: Path) -> None:
    assert say("run", "flow.py").code == 0
    [done] = (folder / "pyperunner-runs").iterdir()
    summary = json.loads((done / "summary.json").read_text())
    for name, started in (("going", None), ("killed", 1)):  # the process of this test goes on
        process = {**summary["process"], "pid": os.getpid(), "started": started}
        left = {**summary, "state": "running", "process": process, "tasks": None, "end": None}
        shutil.copytree(done, done.with_name(name))
        (done.with_name(name) / "summary.json").write_text(json.dumps(left))
    rows = {line.split()[0]: line for line in say("runs").out.splitlines()}
    assert "running" in rows["going"]
    assert "interrupted" in rows["killed"]
    assert "2 tasks" in rows["killed"]


def test_only_the_last_runs_are_shown(say, two_runs: list[str]) -> None:
    lines = say("runs", "-n", "1").out.splitlines()
    assert lines[1].startswith(Path(two_runs[1]).name)
    assert lines[2].startswith("1 earlier")


def test_runs_of_another_pipeline_and_of_no_folder(say, two_runs: list[str]) -> None:
    assert len(say("runs", "--pipeline", "other").out.splitlines()) == 1
    missing = say("runs", "--log-path", "nowhere")
    assert missing.code == 2
    assert "nowhere" in missing.err


def test_the_difference_of_two_runs(say, two_runs: list[str]) -> None:
    said = say("diff", *two_runs)
    assert said.code == 0
    assert "param times: none → 5" in said.out
    assert "6 → 15" in said.out
    assert "1 of 2 tasks" in said.out


def test_the_report_is_written_by_run_and_again_on_demand(say, two_runs: list[str]) -> None:
    report = Path(two_runs[0], "report.html")
    assert "Double()" in report.read_text()
    report.unlink()
    assert say("report", two_runs[0]).out.strip() == str(report.relative_to(Path.cwd()))
    assert "Double()" in report.read_text()


def test_no_report_when_none_is_wanted(say, flow: Path, folder: Path) -> None:
    assert say("run", "flow.py", "--no-report").code == 0
    [path] = (folder / "pyperunner-runs").iterdir()
    assert not (path / "report.html").exists()


def test_one_task_again_on_its_recorded_inputs(say, two_runs: list[str]) -> None:
    assert say("debug", two_runs[1], "Double()").out.splitlines()[-1] == "15"
    assert say("debug", two_runs[0], "Double()").out.splitlines()[-1] == "6"


def test_debugging_a_task_that_raises_shows_its_traceback(say, write, folder: Path) -> None:
    write(
        "bad.py",
        "from pyperunner_dag import Pipeline, task\n"
        "@task('Bad')\ndef bad(n):\n    return 1 / n\n"
        "pipeline = Pipeline('bad', [bad(n=0)])\n",
    )
    assert say("run", "bad.py").code == 1
    [path] = (folder / "pyperunner-runs").iterdir()
    said = say("debug", str(path), "Bad()")
    assert said.code == 1
    assert "return 1 / n" in said.out
    assert "ZeroDivisionError" in said.out
    assert "pyperunner" not in said.out.replace("bad.py", "").replace(str(folder), "")


def test_a_recorded_run_can_be_repeated(say, two_runs: list[str]) -> None:
    said = say("run", two_runs[1])
    assert (said.code, said.err) == (0, "")
    assert "0 executed, 2 skipped" in said.out


def test_what_is_not_as_it_was_is_said_first_and_refused_when_strict(say, two_runs: list[str], folder: Path) -> None:
    flow = folder / "flow.py"
    flow.write_text(flow.read_text().replace("return data[0] * times", "return data[0] * times + 1"))
    import sys

    sys.modules.pop("flow", None)
    said = say("run", two_runs[0], "--strict")
    assert said.code == 2
    assert "flow.py" in said.err
    assert "Double()" in said.err
    sys.modules.pop("flow", None)
    said = say("run", two_runs[0])
    assert said.code == 0
    assert "flow.py" in said.err
    assert "1 executed, 1 skipped" in said.out


@pytest.mark.parametrize("command", [("report",), ("debug", "Double()"), ("diff", "."), ("run",)])
def test_a_folder_that_is_no_run_is_named(say, folder: Path, command: tuple[str, ...]) -> None:
    (folder / "empty").mkdir()
    name, *rest = command
    said = say(name, "empty", *rest)
    assert said.code == 2
    assert "empty" in said.err
    assert "Traceback" not in said.err


def test_an_output_that_is_gone_is_named_with_the_way_to_make_it(say, two_runs: list[str], folder: Path) -> None:
    for entry in (folder / "pyperunner-data").glob("Number*"):
        shutil.rmtree(entry)
    said = say("debug", two_runs[0], "Double()")
    assert said.code == 2
    assert "Number()" in said.err


def test_runs_that_nobody_needs_are_listed_then_removed(say, two_runs: list[str], folder: Path) -> None:
    first, second = (Path(run).name for run in two_runs)
    would = say("runs", "--keep-last", "1")
    assert would.out == f"{first}\n1 run of 2 to remove; --prune does it\n"
    assert say("runs", "--older", "1d", "--prune").out == "0 runs of 2 removed\n"
    assert say("runs", "--older", "0", "--keep-last", "2").out == "0 runs of 2 to remove; --prune does it\n"
    assert len(list((folder / "pyperunner-runs").iterdir())) == 2
    assert json.loads(say("runs", "--keep-last", "1", "--prune", "--json").out)["removed"] is True
    assert [path.name for path in (folder / "pyperunner-runs").iterdir()] == [second]
    assert "0 of 2 tasks" in say("plan", "flow.py").out  # outputs stay


def test_what_is_no_record_is_never_removed(say, two_runs: list[str], folder: Path) -> None:
    other = folder / "pyperunner-runs" / "notes"
    other.mkdir()
    (other / "text").write_text("mine")
    assert say("runs", "--prune", "--keep-last", "0", "--pipeline", "other").out == "0 runs of 0 removed\n"
    assert say("runs", "--prune", "--keep-last", "0").code == 0
    assert [path.name for path in (folder / "pyperunner-runs").iterdir()] == ["notes"]


@pytest.mark.parametrize("argv", [["--prune"], ["--prune", "--keep-last", "-1"], ["--older", "old"]])
def test_mistakes_remove_nothing(say, two_runs: list[str], folder: Path, argv: list[str]) -> None:
    said = say("runs", *argv)
    assert (said.code, "Traceback" in said.err) == (2, False)
    assert len(list((folder / "pyperunner-runs").iterdir())) == 2
