"""What the plan decides, against a definition written another way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.planning.reasons_to_run import plan, unmet

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


def test_an_output_that_is_not_kept_is_made_only_where_it_is_needed():
    assert actions(*ABC, missing={"b"}, uncached={"b"}) == {"a": "skip", "b": "skip", "c": "skip"}
    assert actions(*ABC, missing={"b", "c"}, uncached={"b"}) == {"a": "load", "b": "run", "c": "run"}


def test_an_output_that_is_not_kept_passes_on_that_what_it_follows_runs():
    decisions = plan(*ABC, missing={"a", "b"}, uncached={"b"})
    assert {name: made.action for name, made in decisions.items()} == {"a": "run", "b": "run", "c": "run"}
    assert decisions["b"].reason == "needed by c"
    assert not decisions["b"].reuse


def test_the_end_of_a_line_runs_every_time_if_its_output_is_not_kept():
    assert actions(*ABC, missing={"c"}, uncached={"c"}) == {"a": "skip", "b": "load", "c": "run"}


def test_what_is_not_selected_does_not_run():
    assert actions(*ABC, missing={"a", "b", "c"}, selected={"a", "b"}) == {"a": "run", "b": "run", "c": "skip"}
    decisions = plan(*ABC, missing={"c"}, selected={"c"}, reload={"a"})
    assert {name: made.action for name, made in decisions.items()} == {"a": "skip", "b": "load", "c": "run"}
    assert decisions["a"].reason == "not selected"


def test_a_selected_task_without_an_input_is_named_with_what_it_lacks():
    order, upstream = ABC
    for missing, lacking in (({"b", "c"}, {"c": ["b"]}), ({"a", "c"}, {})):
        decisions = plan(order, upstream, missing=missing, selected={"c"})
        assert unmet(decisions, upstream, missing=missing, selected={"c"}) == lacking


@given(graphs(), st.data())
def test_matches_the_rule_for_any_graph(graph, data):
    order, upstream = graph
    some = st.sets(st.sampled_from(order))
    missing, reload, uncached = data.draw(some), data.draw(some), data.draw(some)
    selected = data.draw(st.none() | some)
    missing |= uncached
    downstream = {name: [child for child in order if name in upstream[child]] for name in order}

    def may(name):
        return selected is None or name in selected

    def new(name):
        """Whether the output would be another than the one that was there."""
        by_itself = name in reload or (name in missing and name not in uncached)
        return may(name) and (by_itself or any(new(parent) for parent in upstream[name]))

    def runs(name):
        if name not in uncached or name in reload:
            return new(name)
        followers = [child for child in downstream[name] if may(child)]
        return may(name) and (not followers or any(runs(child) for child in followers))

    def expected(name):
        if runs(name):
            return "run"
        needed = any(runs(child) for child in downstream[name])
        return "load" if needed else "skip"

    got = actions(order, upstream, missing=missing, reload=reload, uncached=uncached, selected=selected)
    assert got == {name: expected(name) for name in order}
