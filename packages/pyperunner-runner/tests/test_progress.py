"""The lines that a run prints while it goes on."""

from __future__ import annotations

import pytest

from pyperunner_runner.events import (
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskQueued,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from pyperunner_runner.progress import Lines

START = RunStarted("p", "runs/p_1", ("A()", "B()", "C()"), ("A()", "B()"))


def test_one_line_per_executed_task(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines(START)
    lines(TaskFinished("C()", 0, "SKIPPED", 0.0, "up to date"))
    lines(TaskStarted("A()", 1, 17))
    lines(TaskOutput("A()", "stdout", "INFO", "hello"))
    lines(TaskFinished("A()", 1, "SUCCESS", 1.25, "forced"))
    lines(TaskFinished("B()", 1, "FAILURE", 0.5, "forced", "ValueError: no\x1b[2J"))
    assert capsys.readouterr().out.splitlines() == [
        "p: 3 tasks, 2 to execute",
        "[1/2] done A(), 1.2 s",
        r"[2/2] FAILED B(), 0.5 s: ValueError: no\x1b[2J",
    ]


def test_each_run_counts_from_one(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    for _ in range(2):
        lines(START)
        lines(TaskFinished("A()", 1, "SUCCESS", 1.0, "forced"))
    assert capsys.readouterr().out.splitlines()[1::2] == ["[1/2] done A(), 1.0 s"] * 2


def test_waits_and_retries_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines(TaskWaiting("A()", True))
    lines(TaskWaiting("A()", False))
    lines(TaskQueued("A()", "gpu of b"))
    lines(TaskQueued("A()", ""))
    lines(TaskRetried("A()", 1, 0.5, "ValueError: no\x1b[2J", 2.0))
    lines(TaskRetried("A()", 2, 0.5, "ValueError: no", 0.0))
    assert capsys.readouterr().out.splitlines() == [
        "waits A(): another run makes the same output",
        "waits A(): gpu of b",
        r"retry A() in 2.0 s: ValueError: no\x1b[2J",
        "retry A() at once: ValueError: no",
    ]


def test_verbose_lines_tell_output_and_reason(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(verbose=True)
    lines(START)
    lines(TaskOutput("A()", "stdout", "INFO", "hello"))
    lines(TaskFinished("A()", 1, "SUCCESS", 1.0, "no stored output"))
    assert capsys.readouterr().out.splitlines()[1:] == ["A() | hello", "[1/2] done A(), 1.0 s (no stored output)"]


def test_a_maker_that_runs_again_moves_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    lines(RunStarted("p", "runs/p_1", ("A()", "B()"), ("B()",)))
    for name in ("A()", "B()"):
        lines(TaskFinished(name, 1, "SUCCESS", 0.0, ""))
    assert capsys.readouterr().out.splitlines()[-1].startswith("[2/2]")


def test_a_runner_prints_them_on_request(kit, capsys: pytest.CaptureFixture[str]) -> None:
    kit.runner(progress=True).run(kit.abc())
    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "abc: 3 tasks, 3 to execute"
    assert [line.partition(",")[0] for line in rest] == [f"[{n}/3] done Count({tag})" for n, tag in enumerate("abc", 1)]
    kit.runner().run(kit.abc(), force_reload=True)
    assert capsys.readouterr().out == ""


def test_a_hook_of_ones_own_can_show_it(kit) -> None:
    lines: list[str] = []
    kit.runner(progress=Lines(write=lines.append)).run(kit.abc())
    assert len(lines) == 4
