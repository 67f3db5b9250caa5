"""Tests of tasks and pipelines as a user writes them: in one line, with fakes, leaving everything as it was."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from pyperunner_dag import File, Pipeline, Task, task
from pyperunner_runner.errors import RunFailed, WrongFake
from pyperunner_runner.testing import run_pipeline, run_task

executed = []


@pytest.fixture(autouse=True)
def _fresh():
    executed.clear()


@task("Rows")
def rows(n):
    executed.append("Rows")
    return list(range(n))


@task("Total")
def total(rows, scale=1):
    executed.append("Total")
    return sum(rows) * scale


@task("Gather")
def gather(data):
    return data


@task("Split", outputs=("train", "test"))
def split(rows):
    return {"train": rows[:1], "test": rows[1:]}


@task("Share")
def share(part, whole):
    return [part, whole]


@task("Report")
def report(text):
    path = Path("report.txt").absolute()
    path.write_text(text)
    return File(path)


@task("Bad")
def bad(x):
    raise ValueError(f"no {x}")


@task("Draw", env={"GREETING": "hello"}, timeout=60)
def draw():
    return random.random(), os.environ["GREETING"]


def small():
    first = rows(n=4)
    return Pipeline("small", [first]), first, total(rows=first, scale=2)


def test_a_task_gets_what_is_given_and_nothing_else_is_executed():
    _, first, last = small()
    assert run_task(last, rows=[1, 2]) == 6
    assert run_task(total(rows=[5])) == 5
    assert executed == ["Total", "Total"]
    assert last.status is Task.Status.NOT_STARTED
    assert not first.held


def test_the_params_of_fakes_can_be_parts_and_lists_of_tasks():
    first = rows(n=4)
    parts = split(rows=first)
    assert run_task(share(part=parts["train"], whole=[first, parts.test]), part=1, whole="all") == [1, "all"]
    assert run_task(gather()([first, parts.train]), data=["a", "b"]) == ["a", "b"]
    assert run_task(parts, rows=[1, 2]) == {"train": [1], "test": [2]}


def test_a_task_runs_as_it_does_in_a_run():
    assert run_task(draw()) == run_task(draw())
    assert run_task(draw())[1] == "hello"


def test_a_file_that_a_task_returns_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Path(run_task(report(text="all")).path).read_text() == "all"


def test_what_a_task_raises_is_raised():
    with pytest.raises(ValueError, match=r"^no 1$"):
        run_task(bad(x=1))


def test_a_pipeline_gives_its_results(tmp_path):
    pipeline, first, last = small()
    assert dict(run_pipeline(pipeline, folder=tmp_path)) == {"Rows()": [0, 1, 2, 3], "Total()": 12}
    assert (tmp_path / "data" / "Total()").is_dir()
    assert (first.store, last.result) == (None, None)


@pytest.mark.parametrize("by", ["Rows", "Rows()", "task"])
def test_what_only_a_fake_needs_is_not_executed(by):
    pipeline, first, last = small()
    over = gather("over")(last)
    results = run_pipeline(pipeline, {first if by == "task" else by: [7]})
    assert results["Gather(over)"] == [14]
    executed.clear()
    last_of_all = gather()([over])
    assert run_pipeline(pipeline, {over: 3})["Gather()"] == [3]
    assert executed == []
    assert not last_of_all.held


def test_a_failure_is_raised_with_its_traceback():
    with pytest.raises(RunFailed, match="ValueError: no 2"):
        run_pipeline(Pipeline("p", [bad(x=2)]))


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (lambda: run_task(small()[2]), r"^Total\(\): other tasks make what it needs; give it by hand: rows=…$"),
        (lambda: run_task(small()[2], row=[1]), "no other task makes row for it; did you mean rows?"),
        (lambda: run_task(rows(n=1), n=2), "no other task makes n for it; there is none"),
        (lambda: run_task(gather()(rows(n=1)), data=[]), "it has 1 connected parents; data is a list of as many"),
        (lambda: run_task(total.map(rows=[[1], [2]])), "it is mapped"),
        (lambda: run_pipeline(small()[0], {"Row()": 1}), r"no other task makes Row\(\) for it; did you mean Rows\(\)"),
    ],
)
def test_a_fake_that_does_not_fit_is_refused(attempt, says):
    with pytest.raises(WrongFake, match=says):
        attempt()
    assert executed == []
