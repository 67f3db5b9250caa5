"""A task taken out of its graph is the same task to a store."""

from __future__ import annotations

import pickle
from itertools import pairwise

from pyperunner_dag import Task, resolve_inputs, run


class Sum(Task):
    @run
    def run(self, data, extra=0, more=()):
        return sum(data) + extra + sum(more)


def graph():
    first, second, third = Sum("1"), Sum("2"), Sum("3")
    last = Sum("last", extra=first, more=[second, 5])([third, first]).with_options(timeout=5, env={"A": "1"})
    for _ in range(50):
        Sum(f"far {_}")(last)
    return last


def test_it_has_the_same_key_and_parts():
    task = graph()
    alone = pickle.loads(pickle.dumps(task.detached()))
    assert alone.options == task.options != Sum("plain").options
    assert (alone.key, alone.key_parts(), alone.name) == (task.key, task.key_parts(), task.name)
    assert [(up.name, up.key) for up in alone.upstream] == [(up.name, up.key) for up in task.upstream]
    assert [parent.name for parent in alone.parents] == ["Sum(3)", "Sum(1)"]
    assert alone.fingerprint().digest == task.fingerprint().digest


def test_it_can_be_executed():
    alone = pickle.loads(pickle.dumps(graph().detached()))
    inputs = resolve_inputs(alone.inputs, lambda source: {"Sum(1)": 10, "Sum(2)": 20}[source.name])
    assert alone.execute([1, 2], inputs) == 38


def test_the_graph_stays_behind():
    task = graph()
    parent = task.parents[0]
    children = parent.children
    alone = task.detached()
    assert alone.children == []
    assert len(pickle.dumps(alone)) < 5000
    assert parent.children == children
    assert task.parents[0] is parent


def test_what_was_held_stays_behind():
    task = graph()
    task.set_output(bytes(10_000))
    task.status = Task.Status.FAILURE
    alone = pickle.loads(pickle.dumps(task.detached()))
    assert not alone.held
    assert alone.store is None
    assert alone.status is Task.Status.NOT_STARTED
    assert task.held
    task.release()
    assert not pickle.loads(pickle.dumps(task.detached())).held


def test_a_task_in_the_middle_of_a_long_chain_is_small():
    chain = [Sum(str(index)) for index in range(5000)]
    for parent, child in pairwise(chain):
        child(parent)
    first, middle = (len(pickle.dumps(chain[index].detached())) for index in (1, 4000))
    assert middle - first < 100


def test_what_is_kept_for_one_run_stays_so():
    parent, child = Sum("p").with_options(cache=False), Sum("c").with_options(cache=False)
    child(parent)
    for task in (parent, child):
        task.scope_to("run 1")
    alone = pickle.loads(pickle.dumps(child.detached()))
    assert alone.key == child.key
    assert alone.upstream[0].key == parent.key
