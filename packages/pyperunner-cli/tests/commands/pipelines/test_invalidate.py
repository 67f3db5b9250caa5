from __future__ import annotations

from pathlib import Path


def test_the_next_run_makes_it_again(say, flow: Path) -> None:
    assert say("run", "flow.py").code == 0
    assert say("invalidate", "flow.py", "Number").out == "removed Number()\n"
    assert say("plan", "flow.py").out.splitlines()[-1] == "2 of 2 tasks to execute"
    assert say("run", "flow.py").code == 0
    assert say("invalidate", "flow.py", "Number()", "--downstream").out == "removed Number(), Double()\n"
    said = say("invalidate", "flow.py", "Number()")
    assert (said.code, said.out) == (0, "there was no stored output\n")
    assert say("invalidate", "flow.py", "Nobody()").code == 2


def test_a_glob_removes_several(say, flow: Path) -> None:
    say("run", "flow.py", "--executor", "inline", "--no-report")
    assert say("invalidate", "flow.py", "*b*").out == "removed Number(), Double()\n"
    assert say("plan", "flow.py").out.splitlines()[-1] == "2 of 2 tasks to execute"


def test_a_class_means_its_tasks_and_what_fits_nothing_is_named(say, flow: Path) -> None:
    say("run", "flow.py", "--executor", "inline", "--no-report")
    for wrong, near in (("Nmber()", "Did you mean Number() or Double()?"), ("X*", "There is: Number(), Double().")):
        found = say("invalidate", "flow.py", wrong)
        assert (found.code, found.err) == (2, f"pyperunner: the pipeline has no task {wrong!r}. {near}\n")
    assert say("invalidate", "flow.py", "Double").out == "removed Double()\n"
