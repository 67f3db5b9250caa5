"""What the plan decides, against a definition written another way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.plan import plan

ABC = (["a", "b", "c"], {"a": [], "b": ["a"], "c": ["b"]})


def actions(*args, **kwargs):
    return {name: decision.action for name, decision in plan(*args, **kwargs).items()}


def test_everything_up_to_date_is_skipped():
    assert actions(*ABC, missing=()) == {"a": "skip", "b": "skip", "c": "skip"}


def test_a_missing_output_makes_its_task_and_all_successors_run():
    assert actions(*ABC, missing={"b"}) == {"a": "load", "b": "run", "c": "run"}


def test_only_the_direct_inputs_of_a_running_task_are_loaded():
    assert actions(*ABC, missing={"c"}) == {"a": "skip", "b": "load", "c": "run"}


def test_reload_runs_the_task_and_its_successors():
    assert actions(*ABC, missing=(), reload={"a"}) == {"a": "run", "b": "run", "c": "run"}


def test_force_runs_everything():
    assert set(actions(*ABC, missing=(), held={"a"}, force=True).values()) == {"run"}


def test_a_held_output_stands_for_running_and_is_loaded_for_its_successor():
    assert actions(*ABC, missing={"a", "c"}, held={"b"}) == {"a": "run", "b": "load", "c": "run"}


def test_reasons_say_why():
    reasons = {name: decision.reason for name, decision in plan(*ABC, missing={"b"}).items()}
    assert reasons == {
        "a": "up to date, needed by a task that runs",
        "b": "no stored output",
        "c": "upstream b runs",
    }


def test_only_a_task_without_stored_output_may_be_satisfied_by_somebody_elses_entry():
    decisions = plan(*ABC, missing={"b"}, reload={"a"})
    assert [decisions[name].reuse for name in "abc"] == [False, True, False]


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 12))
    names = [f"t{index}" for index in range(size)]
    upstream = {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }
    return names, upstream


@given(graphs(), st.data())
def test_matches_the_rule_for_any_graph(graph, data):
    order, upstream = graph
    missing = data.draw(st.sets(st.sampled_from(order)))
    reload = data.draw(st.sets(st.sampled_from(order)))

    def runs(name):
        return name in missing or name in reload or any(runs(parent) for parent in upstream[name])

    def expected(name):
        if runs(name):
            return "run"
        needed = any(name in upstream[child] and runs(child) for child in order)
        return "load" if needed else "skip"

    assert actions(order, upstream, missing=missing, reload=reload) == {name: expected(name) for name in order}
