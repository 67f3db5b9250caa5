"""The table of a run, without a notebook: what it says at each moment."""

from __future__ import annotations

import sys

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
from pyperunner_runner.execution.hooks import hooks_of
from pyperunner_runner.notebook.session import in_notebook
from pyperunner_runner.notebook.table import RunTable
from pyperunner_runner.progress import Lines


class Cell(RunTable):
    """The table with a cell of its own."""

    def __call__(self, event):
        if isinstance(event, RunStarted):
            self._heading, self._rows, self._over = "p: 3 tasks", {}, None
        else:
            super().__call__(event)

    @property
    def text(self):
        return self._repr_mimebundle_()["text/plain"].splitlines()

    @property
    def html(self):
        return self._repr_mimebundle_()["text/html"]


def started(*names):
    cell = Cell()
    cell(RunStarted("p", "folder", names, names))
    for name in names:
        cell(TaskStarted(name, 1, 7))
    return cell


def test_what_goes_on_and_what_failed_stand_before_what_is_done():
    cell = started("A()", "B()", "C()", "D()")
    cell(TaskFinished("A()", 1, "SUCCESS", 1.25, "new"))
    cell(TaskFinished("B()", 1, "FAILURE", 0.5, "new", "ValueError: no"))
    cell(TaskOutput("C()", "stdout", "INFO", "0 %\n50 %", passing=True))
    cell(TaskWaiting("D()", True))
    assert [line.split()[:2] for line in cell.text[1:5]] == [
        ["B()", "failed"],
        ["C()", "running"],
        ["D()", "waits"],
        ["A()", "done"],
    ]
    assert cell.text[1].endswith("0.5 s  ValueError: no")
    assert cell.text[2].endswith("50 %")
    assert cell.text[-1] == "1 done, 1 failed, 1 running, 1 waits"
    cell(TaskWaiting("D()", False))
    cell(TaskRetried("C()", 1, 0.1, "OSError: again", 2.0))
    assert [line.split()[:2] for line in cell.text[2:4]] == [["D()", "running"], ["C()", "again"]]
    cell(RunFinished({"A()": "SUCCESS", "B()": "FAILURE", "C()": "CANT_RUN", "D()": "SUCCESS"}, 3.0, False))
    assert cell.text[-1] == "finished after 3.0 s: 2 success, 1 failure, 1 cant run"


def test_a_task_that_waits_for_shared_limits_says_for_what():
    cell = started("A()")
    cell(TaskQueued("B()", "gpu of b"))
    assert (cell.text[1].split()[:2], "gpu of b" in cell.text[1]) == (["A()", "running"], False)
    assert (cell.text[2].split()[:2], cell.text[2].endswith("gpu of b")) == (["B()", "waits"], True)
    cell(TaskStarted("B()", 1, 8))
    assert cell.text[-1] == "2 running"


def test_of_many_tasks_the_latest_are_shown():
    cell = started(*(f"A({n})" for n in range(1000)))
    for n in range(1000):
        cell(TaskFinished(f"A({n})", 1, "SUCCESS", 0.1, "new"))
    assert cell.text[1].startswith("A(999)")
    assert "… and 980 more" in cell.text
    assert cell.html.count("<tr>") == 21


def test_nothing_in_it_is_markup_or_an_escape():
    cell = started("A(<script>)")
    cell(TaskFinished("A(<script>)", 1, "FAILURE", 0.1, "new", "E: <b>\x1b[31m & \u202e" + "x" * 1000))
    assert "<script>" not in cell.html
    assert "<b>" not in cell.html
    assert "\x1b" not in cell.html + "".join(cell.text)
    assert len(cell.html) < 1000


def test_what_is_up_to_date_is_no_row():
    cell = Cell()
    cell(RunStarted("p", "folder", ("A()",), ()))
    cell(TaskFinished("A()", 0, "SKIPPED", 0.0, "up to date"))
    cell(RunFinished({"A()": "SKIPPED"}, 0.1, False))
    assert cell.text == ["p: 3 tasks", "finished after 0.1 s: 1 skipped"]
    assert "<table" not in cell.html


def test_a_table_is_for_notebooks_alone():
    assert not in_notebook()
    assert hooks_of(None, [print]) == (print,)
    assert hooks_of(False, []) == ()
    assert isinstance(hooks_of(True, [])[0], Lines)
    assert "IPython" not in sys.modules or not in_notebook()
