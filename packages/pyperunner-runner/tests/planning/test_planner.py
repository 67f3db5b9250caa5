"""Plans: a value that says what a run would do, and the selections and resources that no run can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner_dag import Pipeline
from pyperunner_runner import ImpossibleResources, InputLost, SelectionUnmet, UnknownPipelineTask, UnknownSelection
from pyperunner_runner.planning.planner import Planner
from pyperunner_runner.planning.selection import Selection


def test_a_plan_is_a_value_and_planning_again_leaves_it_alone(kit):
    pipeline = kit.abc()
    dag = pipeline.dag()
    planner = Planner(kit.runner().store)
    first = planner.plan(pipeline, dag)
    kit.runner().run(pipeline, until="b")
    second = planner.plan(pipeline, dag)
    chosen = planner.plan(pipeline, dag, force=True, selection=Selection(until=("a",)))
    assert first.names("run") == ["Count(a)", "Count(b)", "Count(c)"]
    assert (second.names("skip"), second.names("load", "run")) == (["Count(a)"], ["Count(b)", "Count(c)"])
    assert (chosen.selected, chosen.names("run")) == ({"Count(a)"}, ["Count(a)"])
    assert list(first.upstream.items()) == [("Count(a)", ()), ("Count(b)", ("Count(a)",)), ("Count(c)", ("Count(b)",))]


def test_a_task_of_a_plan_is_found_by_itself_and_by_name(kit):
    bare = kit.task("")
    pipeline = Pipeline("p", [bare, kit.task("a")])
    planned = Planner(kit.runner().store).plan(pipeline, pipeline.dag())
    assert planned.task(bare) is planned.task("Count") is planned.task("Count()") is bare
    with pytest.raises(UnknownPipelineTask, match=r"no task 'Count\(b\)'. Did you mean Count\(\) or Count\(a\)"):
        planned.task("Count(b)")


def test_only_runs_the_selected_and_counts_the_others_as_skipped(kit):
    pipeline = kit.abc()
    kit.runner().run(pipeline, until="b")
    assert kit.executed() == ["a", "b"]
    assert kit.statuses(pipeline) == {"a": "SUCCESS", "b": "SUCCESS", "c": "SKIPPED"}
    runner = kit.runner()
    runner.run(pipeline, only="c", raise_on_failure=True)
    assert kit.executed() == ["c"]
    assert runner.plan["Count(a)"].reason == "not selected"
    runner.run(pipeline, force_reload=True, from_=["b"])
    assert kit.executed() == ["b", "c"]


def test_an_input_that_is_neither_stored_nor_selected_is_an_error_that_names_it(kit):
    with pytest.raises(SelectionUnmet, match=r"Count\(c\) needs the output of Count\(b\).*until='Count\(c\)'"):
        kit.runner().run(kit.abc(), only="c")
    assert kit.executed() == []
    assert not kit.log_path.exists()


@pytest.mark.filterwarnings("default")
def test_a_damaged_input_outside_the_selection_is_not_made_again(kit):
    pipeline = kit.abc()
    kit.runner().run(pipeline)
    kit.executed()
    a, b, _ = pipeline.dag()
    Path(a.output_filename()).write_bytes(b"not an entry")
    kit.runner().run(pipeline, only="b", force_reload=True)
    assert kit.executed() == []
    assert isinstance(b.result.exception, InputLost)
    assert "Count(a) can't be loaded, and it is not made again in this run: it is not selected" in str(
        b.result.exception
    )


def test_an_unknown_selection_is_an_error_before_anything_starts(kit):
    with pytest.raises(UnknownSelection, match=r"only='Count\(d\)' matches no task"):
        kit.runner().run(kit.abc(), only="Count(d)")
    assert not kit.log_path.exists()


def test_impossible_resources_are_an_error_before_anything_starts(kit):
    task = kit.task("a").with_options(resources={"gpu": 3})
    with pytest.raises(ImpossibleResources, match=r"Count\(a\) needs 3 gpu, and the runner has 2") as caught:
        kit.runner(resources={"gpu": 2}).run(Pipeline("p", [task]))
    assert (caught.value.need, caught.value.have) == (3, 2)
    assert kit.executed() == []
