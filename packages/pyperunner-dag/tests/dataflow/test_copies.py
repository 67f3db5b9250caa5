"""Copies of tasks: names, edges, what stays behind, errors."""

from __future__ import annotations

import pickle

from pyperunner_dag import PrefixTakenError, Task, task
from pyperunner_dag.dataflow.copies import connected_copy


@task("Load")
def load(n=0):
    return n


@task("Fit")
def fit(rows, data=()):
    return rows


def test_a_copy_is_connected_to_copies_and_knows_nothing_of_a_run():
    first, last = load(n=1), fit(rows=[load("other", n=2)])
    last(first["a"])
    last.status, last.result = Task.Status.SUCCESS, Task.TaskResult(Task.Status.SUCCESS)
    instead = {first: connected_copy(first, {}, {"n": 3}, prefix="eu.", variant="[2]")}
    made = connected_copy(last, instead, prefix="eu.")
    assert (made.name, made.own_name) == ("eu.Fit()", "Fit()")
    assert (instead[first].name, instead[first].own_name, instead[first].params) == ("eu.Load()[2]", "Load()", {"n": 3})
    assert [source.name for source in made.sources] == ["eu.Load()[2]['a']", "Load(other)"]
    assert (made.status, made.result) == (Task.Status.NOT_STARTED, None)
    assert last.status is Task.Status.SUCCESS
    assert first.params == {"n": 1}
    again = connected_copy(instead[first], {})
    assert again.name == "eu.Load()[2]"


def test_the_error_can_be_pickled():
    error = pickle.loads(pickle.dumps(PrefixTakenError("eu.Fit()", "eu")))
    assert (error.name, error.prefix) == ("eu.Fit()", "eu")
    assert "eu.Fit() is there already" in str(error)
