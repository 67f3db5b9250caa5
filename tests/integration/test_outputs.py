"""Several outputs and parts of outputs in runs: what is loaded, stored, made again and looked at."""

from __future__ import annotations

import pytest

from pyperunner import Pipeline, PipelineResult, Runner, Task, task

PROBE = []


@task("Split", outputs=("train", "test"))
def split(rows, note=""):
    PROBE.append("Split")
    return rows[:1], rows[1:]


@task("Fit")
def fit(train):
    PROBE.append("Fit")
    return sum(train)


@task("Check")
def check(test):
    PROBE.append("Check")
    return test


@task("Both")
def both(data):
    return data


@pytest.fixture
def runner(tmp_path):
    PROBE.clear()
    return lambda **more: Runner(tmp_path / "data", tmp_path / "log", **{"executor": "inline", **more})


@pytest.mark.parametrize("executor", ["inline", "pool", "process"])
def test_a_task_gets_the_outputs_and_parts_it_asks_for(runner, executor):
    made = split(rows=[1, 2, 3])
    tasks = [fit(train=made.train), check(test=made.test[1]), both()(made)(made["test"][0])]
    runner(executor=executor).run(Pipeline("p", [made]))
    assert [each.output for each in tasks] == [1, 3, [{"train": [1], "test": [2, 3]}, 2]]


def test_results_read_each_output(runner):
    made = split(rows=[1, 2, 3])
    fit(train=made.train)
    run = runner()
    run.run(Pipeline("p", [made]))
    results = PipelineResult.from_file(run.run_folder)
    assert results["Split()"] == {"train": [1], "test": [2, 3]}
    assert results["Split().test"] == [2, 3]
    with pytest.raises(KeyError):
        results["Split().tests"]


def test_an_output_that_is_gone_is_made_again_with_its_task(runner):
    made = split(rows=[1, 2, 3])
    fit(train=made.train), check(test=made.test)
    pipeline = Pipeline("p", [made])
    runner().run(pipeline)
    runner().run(pipeline)
    assert PROBE == ["Split", "Fit", "Check"]
    assert runner().store.delete(made.test.key)
    plan = runner()
    plan.set_pipeline(pipeline)
    plan.analyze_pipeline()
    assert plan.plan["Split()"].action == "run"
    assert plan.invalidate("Split()") == ["Split()"]
    assert runner().store.missing(made.entry_keys) == set(made.entry_keys)


def test_early_cutoff_looks_at_each_output(runner):
    """Only what needs an output that has changed runs again."""
    for rows, ran in (([1, 2], ["Split", "Fit", "Check"]), ([1, 3], ["Split", "Check"])):
        PROBE.clear()
        made = split(rows=rows)
        fit(train=made.train), check(test=made.test)
        runner(early_cutoff=True).run(Pipeline("p", [made]))
        assert sorted(PROBE) == sorted(ran)


def test_early_cutoff_lets_a_whole_stand_for_another(runner):
    """A task with several outputs that is cut off itself has all of them under its key of today."""
    for note in ("a", "b"):
        made = split(rows=_rows(note=note))
        last = fit(train=made.train)
        runner(early_cutoff=True).run(Pipeline("p", [made]))
        assert last.output == 1
        assert made.output == {"train": [1], "test": [2]}
    assert PROBE == ["Split", "Fit"]


@task("Rows")
def _rows(note):
    return [1, 2]


def test_outputs_that_are_not_kept_are_gone_after_the_run(runner):
    made = split(rows=[1, 2]).with_options(cache=False)
    last = fit(train=made.train)
    run = runner()
    run.run(Pipeline("p", [made]))
    assert last.output == 1
    assert [entry["key"] for entry in run.store.entries()] == [last.key]


def test_a_missing_part_fails_the_task_that_needs_it(runner):
    made = split(rows=[1, 2])
    last = check(test=made.test[5])
    runner().run(Pipeline("p", [made]))
    assert (made.status, last.status) == (Task.Status.SUCCESS, Task.Status.FAILURE)
    assert "Check() needs Split().test[5], which is not there: a list has no 5" in last.result.traceback
