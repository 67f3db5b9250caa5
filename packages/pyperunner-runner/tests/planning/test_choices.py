"""Selection, resources and order as the runner's user sees them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Task, run
from pyperunner_runner import ImpossibleResources, InputLost, SelectionUnmet, UnknownSelection
from pyperunner_runner.events import TaskFinished, TaskStarted


class Wait(Task):
    @run
    def run(self, data, seconds=0.05):
        time.sleep(seconds)


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
    assert "Count(a) can't be loaded, and it is not selected to be made again" in str(b.result.exception)


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


def test_resources_are_never_oversubscribed_and_others_go_on(kit):
    running, most, order = set(), [], []

    def hook(event):
        if isinstance(event, TaskStarted):
            running.add(event.task)
            order.append(event.task)
            most.append(sum(name.startswith("Wait(gpu") for name in running))
        elif isinstance(event, TaskFinished):
            running.discard(event.task)

    gpus = [Wait(f"gpu{index}").with_options(resources={"gpu": 1}, priority=1) for index in range(3)]
    pipeline = Pipeline("p", [*gpus, Wait("other")])
    kit.runner(process_limit=4, resources={"gpu": 1}, hooks=[hook]).run(pipeline)
    assert max(most) == 1
    assert "Wait(other)" in order[:2]


def test_priority_goes_before_the_order_in_the_graph(kit):
    tasks = [kit.task(tag) for tag in "abc"]
    tasks[2].with_options(priority=1)
    kit.runner(process_limit=1).run(Pipeline("p", tasks))
    assert kit.executed() == ["c", "a", "b"]


def test_the_longest_path_goes_first_by_the_times_of_earlier_runs(kit):
    # The long one first: the time of the first task holds the start of the executor, too.
    tasks = [Wait("long", seconds=0.4), Wait("short", seconds=0.01), Wait("middle", seconds=0.2)]
    kit.runner(process_limit=1).run(Pipeline("p", tasks))
    order = []
    hook = [lambda event: order.append(event.task) if isinstance(event, TaskStarted) else None]
    kit.runner(process_limit=1, hooks=hook).run(Pipeline("p", tasks), force_reload=True)
    assert order == ["Wait(long)", "Wait(middle)", "Wait(short)"]
