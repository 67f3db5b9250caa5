from __future__ import annotations

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
