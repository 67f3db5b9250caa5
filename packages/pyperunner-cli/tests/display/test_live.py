from __future__ import annotations

import io
import threading
import time

from rich.console import Console

from pyperunner_cli.display.live import Live
from pyperunner_runner.events import (
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskQueued,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, legacy_windows=False, color_system=None)


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_running_tasks_are_shown_with_their_time_and_finished_ones_stay() -> None:
    console = terminal()
    live = Live(console)
    live(RunStarted("p", "runs/p_1", ("A()", "B()"), ("A()", "B()")))
    live(TaskStarted("A()", 1, 17))
    live.tick(time.monotonic() + 5)
    assert "running" in shown(console)
    assert "5.0 s" in shown(console)
    assert "0/2" in shown(console)
    live(TaskFinished("A()", 1, "SUCCESS", 5.0, "forced"))
    live(TaskFinished("B()", 1, "FAILURE", 0.1, "forced", "ValueError: [bold]no[/bold]"))
    live(RunFinished({"A()": "SUCCESS", "B()": "FAILURE"}, 5.1, False))
    assert "[1/2] done A(), 5.0 s" in shown(console)
    assert "FAILED B(), 0.1 s: ValueError: [bold]no[/bold]" in shown(console)


def test_each_run_counts_from_one() -> None:
    console = terminal()
    live = Live(console)
    for _ in range(2):
        live(RunStarted("p", "runs/p_1", ("A()", "B()"), ("A()", "B()")))
        live(TaskFinished("A()", 1, "SUCCESS", 5.0, "forced"))
        live(RunFinished({"A()": "SUCCESS"}, 5.1, False))
    assert shown(console).count("[1/2] done A(), 5.0 s") == 2


def test_a_task_that_waits_for_another_run_is_shown_as_such() -> None:
    console = terminal()
    live = Live(console)
    live(RunStarted("p", "runs/p_1", ("A()",), ("A()",)))
    live(TaskStarted("A()", 1, 17))
    live(TaskWaiting("A()", True))
    live.tick(time.monotonic())
    assert "waiting" in shown(console)
    assert "waits A(): another run makes the same output" in shown(console)
    before = len(shown(console))
    live(TaskWaiting("A()", False))
    live.tick(time.monotonic() + 1)
    assert "running" in shown(console)[before:]
    live(TaskRetried("A()", 1, 0.1, "ValueError: no", 0.0))
    live.close()
    assert "retry A() at once: ValueError: no" in shown(console)


def test_a_task_that_waits_for_shared_limits_is_shown_with_what_it_waits_for() -> None:
    console = terminal()
    live = Live(console)
    live(RunStarted("p", "runs/p_1", ("A()",), ("A()",)))
    live(TaskQueued("A()", "gpu of\x1b[2J b"))
    live.tick(time.monotonic())
    assert shown(console).count(r"gpu of\x1b[2J b") == 2  # as a line, and as long as it waits
    before = len(shown(console))
    live(TaskQueued("A()", ""))
    live(TaskStarted("A()", 1, 17))
    live.tick(time.monotonic() + 1)
    live.close()
    assert "gpu of" not in shown(console)[before:]


def test_names_are_shown_not_obeyed() -> None:
    console = terminal()
    live = Live(console, verbose=True)
    live(RunStarted("p\x1b]0;x\x07", "runs/p_1", ("A()",), ("A()",)))
    live(TaskStarted("A(\x1b[2J)", 1, 17))
    live(TaskOutput("A()", "stdout", "INFO", "\x1b[31mred"))
    live.tick(time.monotonic())
    live.close()
    text = shown(console)
    assert r"\x1b[2J" in text
    assert r"\x1b[31mred" in text
    assert "\x1b]0;x" not in text
    assert "\x1b[31mred" not in text


def test_only_so_many_running_tasks_are_listed() -> None:
    console = terminal()
    live = Live(console)
    names = tuple(f"T({number})" for number in range(20))
    live(RunStarted("p", "runs/p_1", names, names))
    for name in names:
        live(TaskStarted(name, 1, None))
    live.tick(time.monotonic())
    live.close()
    assert "and 8 more" in shown(console)


def test_it_starts_no_thread_and_can_be_closed_twice() -> None:
    before = threading.active_count()
    live = Live(terminal())
    live(RunStarted("p", "runs/p_1", ("A()",), ("A()",)))
    live.tick(time.monotonic())
    assert threading.active_count() == before
    live.close()
    live.close()


def test_a_thousand_tasks_are_drawn_a_few_times_only() -> None:
    console = terminal()
    live = Live(console)
    names = tuple(f"T({number})" for number in range(1000))
    live(RunStarted("p", "runs/p_1", names, names))
    for number, name in enumerate(names):
        live(TaskStarted(name, 1, None))
        live(TaskFinished(name, 1, "SUCCESS", 0.0, ""))
        live.tick(1000 + number / 1000)
    live.close()
    assert 10 <= shown(console).count("━ ") <= 30
    assert shown(console).count("done T(") == 1000


def test_a_line_that_a_task_writes_over_is_shown_below_it_until_it_stays() -> None:
    console = terminal()
    live = Live(console)
    live(RunStarted("p", "runs/p_1", ("A()",), ("A()",)))
    live(TaskStarted("A()", 1, 17))
    live(TaskOutput("A()", "stderr", "WARNING", "50%|█████     |\x1b[2J", passing=True))
    live.tick(1000)
    assert "50%|█████     |\\x1b[2J" in shown(console)
    live(TaskOutput("A()", "stderr", "WARNING", "数" * 100 + "\ninner 7%", passing=True))
    before = len(shown(console))
    live.tick(1001)
    lines = shown(console)[before:].splitlines()
    assert [line.strip() for line in lines if "数" in line] == ["数" * 27 + "…"]
    assert any("inner 7%" in line for line in lines)
    live(TaskOutput("A()", "stderr", "WARNING", "100%"))
    before = len(shown(console))
    live.tick(1002)
    assert "inner" not in shown(console)[before:]
    assert "100%" not in shown(console)
    live.close()
