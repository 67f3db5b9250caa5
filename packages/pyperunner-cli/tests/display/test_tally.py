from __future__ import annotations

from pathlib import Path

from pyperunner_cli.display.tally import Tally
from pyperunner_runner.events import RunFinished, RunStarted, TaskFinished


def tally(folder: Path, statuses: dict[str, str], *, interrupted: bool = False) -> Tally:
    """Return what a run would leave in which every task but A() was executed."""
    counted = Tally()
    counted(RunStarted("p", str(folder), tuple(statuses), tuple(statuses)))
    for name, status in statuses.items():
        executed = int(name != "A()" and status in {"SUCCESS", "FAILURE"})
        error = "ValueError: no" if status == "FAILURE" else ""
        counted(TaskFinished(name, executed, status, 1.0, "", error))
    counted(RunFinished(statuses, 2.5, interrupted))
    return counted


def test_an_output_loaded_for_another_task_counts_as_skipped(folder: Path) -> None:
    done = tally(folder / "r", {"A()": "SUCCESS", "B()": "SUCCESS", "C()": "SKIPPED"})
    assert list(done.lines()) == ["1 executed, 2 skipped in 2.5 s", "results: r"]
    assert done.exit_code == 0


def test_an_interrupted_run_says_what_was_left(folder: Path) -> None:
    done = tally(folder / "r", {"B()": "SUCCESS", "C()": "NOT_STARTED"}, interrupted=True)
    assert next(done.lines()) == "1 executed, 0 skipped, 1 not started in 2.5 s (interrupted)"


def test_a_task_that_could_not_run_makes_the_exit_code_1(folder: Path) -> None:
    done = tally(folder / "r", {"B()": "CANT_RUN", "C()": "CANT_RUN"})
    assert done.exit_code == 1
    assert "could not run: B(), C()" in list(done.lines())


def test_a_run_that_never_began_says_nothing() -> None:
    assert list(Tally().lines()) == []
    assert Tally().exit_code == 0
    assert not Tally().has_news


def test_only_a_run_that_had_nothing_to_do_has_no_news(folder: Path) -> None:
    assert not tally(folder / "r", {"A()": "SUCCESS", "C()": "SKIPPED"}).has_news
    assert tally(folder / "r", {"B()": "SUCCESS"}).has_news
    assert tally(folder / "r", {"B()": "CANT_RUN"}).has_news
    assert tally(folder / "r", {"A()": "FAILURE"}).has_news


def test_what_was_read_without_being_declared_is_said_once_per_task(folder: Path) -> None:
    counted = tally(folder / "r", {"B()": "SUCCESS"})
    counted(TaskFinished("C()", 1, "SUCCESS", 1.0, "", undeclared=(str(folder / "in.csv"), "/elsewhere/x")))
    assert list(counted.lines())[1:3] == [
        "read, but not declared with File(…) or Folder(…), so a change would not be noticed:",
        "  C(): in.csv, /elsewhere/x",
    ]
