"""The order in which ready tasks start, by resources, priority and the times of earlier runs."""

from __future__ import annotations

import time

from pyperunner_dag import Pipeline, Task, run
from pyperunner_runner.events import TaskFinished, TaskStarted


class Wait(Task):
    @run
    def run(self, data, seconds=0.05):
        time.sleep(seconds)


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
