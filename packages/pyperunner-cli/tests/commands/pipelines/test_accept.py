from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def edited(say, flow: Path) -> list[str]:
    """Arguments that change a param of the first of two tasks that have run."""
    assert say("run", "flow.py").code == 0
    return ["flow.py", "--set", "Number().value=4"]


def test_yes_accepts(say, edited, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "y")
    said = say("accept", *edited, "Number()")
    assert said.code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("Number()  differs from the output stored as Number()/")
    assert lines[1:] == ["    param value: 3 → 4", "accepted Number()"]
    assert asked == ["Let the stored output of 1 task stand? [y/N] "]
    assert say("plan", *edited).out.splitlines()[-1] == "1 of 2 tasks to execute"


@pytest.mark.parametrize("answer", ["", "n", "nonsense", EOFError])
def test_anything_else_does_not(say, edited, monkeypatch, answer) -> None:
    def reply(question: str) -> str:
        if answer is EOFError:
            raise EOFError
        return str(answer)

    monkeypatch.setattr("builtins.input", reply)
    said = say("accept", *edited, "Number()")
    assert said.code == 1
    assert said.out.splitlines()[-1] == "nothing was changed"
    assert say("plan", *edited).out.splitlines()[-1] == "2 of 2 tasks to execute"


def test_downstream_without_a_question(say, edited, monkeypatch) -> None:
    monkeypatch.setattr("builtins.input", None)
    said = say("accept", *edited, "Number", "--downstream", "--yes")
    assert said.code == 0
    assert said.out.splitlines()[-1] == "accepted Number(), Double()"
    assert "    upstream Number() changed" in said.out.splitlines()
    assert say("plan", *edited).out.splitlines()[-1] == "0 of 2 tasks to execute"


def test_nothing_to_accept_is_an_error(say, flow: Path) -> None:
    assert say("accept", "flow.py", "Number()", "--yes").err == (
        "pyperunner: Number(): the store holds no earlier output of it that says what it was made from\n"
    )
    assert say("run", "flow.py").code == 0
    said = say("accept", "flow.py", "Number()", "--yes")
    assert (said.code, said.err) == (2, "pyperunner: Number(): it is up to date, there is nothing to accept\n")


RENAMED = """
from pyperunner_dag import Pipeline, task

@task("{name}")
def part(number):
    return number

@task("Sum")
def total(data):
    return sum(data)

pipeline = Pipeline("renamed", [total()([part(str(n), number=n) for n in (1, 2)])])
"""


def test_a_renamed_class_keeps_its_outputs_and_what_follows(shell, write) -> None:
    write("flow.py", RENAMED.format(name="Part"))
    assert shell("run", "flow.py", "--no-report").code == 0
    write("flow.py", RENAMED.format(name="Piece"))
    assert shell("plan", "flow.py").out.splitlines()[-1] == "3 of 3 tasks to execute"
    said = shell("accept", "flow.py", "--renamed", "Part=Piece", "--downstream", "--yes")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1] == "accepted Piece(1), Piece(2), Sum()"
    assert shell("plan", "flow.py").out.splitlines()[-1] == "0 of 3 tasks to execute"


@pytest.mark.parametrize("text", ["Number", "Number=", "=Number", "Part=Nummer", "Part=Double(1)"])
def test_a_renaming_that_fits_nothing_is_refused(say, flow: Path, text: str) -> None:
    said = say("accept", "flow.py", "--renamed", text, "--yes")
    assert (said.code, "is not OLD=NEW" in said.err) == (2, True)
    assert (
        say("accept", "flow.py", "--yes").err == "pyperunner: which task? Give its name, a glob, or what was renamed.\n"
    )


def test_a_glob_accepts_several(say, edited) -> None:
    said = say("accept", *edited, "*()", "--yes")
    assert said.out.splitlines()[-1] == "accepted Number(), Double()"
    near = say("accept", *edited, "Numbr()", "--yes")
    assert (near.code, "Number()" in near.err) == (2, True)
