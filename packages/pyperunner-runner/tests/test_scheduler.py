"""The schedule as a state machine: order, failure, repair."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.scheduler import Scheduler, State

DIAMOND = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


def drain(scheduler):
    names = []
    while (name := scheduler.next_ready()) is not None:
        names.append(name)
    return names


def test_a_task_is_ready_when_all_its_upstream_tasks_are_settled():
    scheduler = Scheduler(DIAMOND)
    assert drain(scheduler) == ["a"]
    scheduler.succeed("a")
    assert drain(scheduler) == ["b", "c"]
    scheduler.succeed("b")
    assert drain(scheduler) == []
    scheduler.skip("c")
    assert drain(scheduler) == ["d"]
    assert not scheduler.finished
    scheduler.succeed("d")
    assert scheduler.finished


def test_ready_tasks_go_by_rank_and_then_in_order():
    scheduler = Scheduler({"a": [], "b": [], "c": []}, {"c": -1.0})
    assert drain(scheduler) == ["c", "a", "b"]


def test_a_failure_blocks_its_descendants_and_nothing_else():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["b"], "d": []})
    assert drain(scheduler) == ["a", "d"]
    assert scheduler.fail("a") == ["b", "c"]
    assert not scheduler.finished
    scheduler.succeed("d")
    assert scheduler.finished
    assert scheduler.states == {"a": State.FAILED, "b": State.CANT_RUN, "c": State.CANT_RUN, "d": State.DONE}


def test_a_task_given_back_is_handed_out_again():
    scheduler = Scheduler({"a": []})
    assert drain(scheduler) == ["a"]
    scheduler.give_back("a")
    assert drain(scheduler) == ["a"]


def test_a_damaged_input_sends_its_maker_and_the_task_back_once():
    scheduler = Scheduler({"a": [], "b": ["a"]})
    drain(scheduler)
    scheduler.skip("a")
    assert drain(scheduler) == ["b"]
    assert scheduler.remake("b", ["a"])
    assert scheduler.remade("a")
    assert not scheduler.remade("b")
    assert drain(scheduler) == ["a"]
    scheduler.succeed("a")
    assert drain(scheduler) == ["b"]
    assert not scheduler.remake("b", ["a"])
    scheduler.fail("b")
    assert scheduler.finished


def test_two_children_that_find_the_same_input_damaged_both_wait_for_one_repair():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["a"]})
    drain(scheduler)
    scheduler.succeed("a")
    assert drain(scheduler) == ["b", "c"]
    assert scheduler.remake("b", ["a"])
    assert drain(scheduler) == ["a"]
    scheduler.succeed("a")
    # c had started before the repair and reports only now.
    assert scheduler.remake("c", ["a"])
    assert sorted(drain(scheduler)) == ["b", "c"]


def test_a_repair_that_fails_blocks_those_that_wait_for_it():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["a"]})
    drain(scheduler)
    scheduler.succeed("a")
    assert drain(scheduler) == ["b", "c"]
    assert scheduler.remake("b", ["a"])
    drain(scheduler)
    assert scheduler.fail("a") == ["b"]
    assert not scheduler.remake("c", ["a"])
    scheduler.fail("c")
    assert scheduler.finished


def test_a_ready_task_waits_again_while_its_input_is_made_again():
    scheduler = Scheduler({"a": [], "b": ["a"], "c": ["a"]})
    drain(scheduler)
    scheduler.succeed("a")
    assert scheduler.next_ready() == "b"
    assert scheduler.remake("b", ["a"])
    assert drain(scheduler) == ["a"]
    assert scheduler.states["c"] is State.WAITING


def test_cancelling_leaves_nothing_to_start():
    scheduler = Scheduler(DIAMOND)
    drain(scheduler)
    assert scheduler.cancel_waiting() == ["b", "c", "d"]
    scheduler.fail("a")
    assert scheduler.finished
    assert drain(scheduler) == []


def test_a_long_chain_needs_no_recursion_when_its_root_fails():
    names = [str(index) for index in range(100_000)]
    scheduler = Scheduler({name: [names[index - 1]] if index else [] for index, name in enumerate(names)})
    assert drain(scheduler) == ["0"]
    assert len(scheduler.fail("0")) == 99_999
    assert scheduler.finished


@st.composite
def graphs(draw):
    names = [f"t{index}" for index in range(draw(st.integers(1, 10)))]
    return {
        name: draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }


@given(graphs(), st.data())
def test_any_course_of_events_ends_and_respects_the_order(upstream, data):
    scheduler = Scheduler(upstream)
    running: list[str] = []
    repairs = 0
    for _ in range(1000):
        running += drain(scheduler)
        for name in running:
            assert scheduler.states[name] is State.RUNNING
        if scheduler.finished:
            break
        assert running, "nothing runs and nothing is finished"
        name = data.draw(st.sampled_from(running))
        running.remove(name)
        fate = data.draw(st.sampled_from(["succeed", "succeed", "fail", "repair"]))
        if fate == "repair" and upstream[name] and repairs < 20:
            repairs += 1
            if not scheduler.remake(name, [data.draw(st.sampled_from(upstream[name]))]):
                scheduler.fail(name)
        elif fate == "fail":
            scheduler.fail(name)
        else:
            scheduler.succeed(name)
    assert scheduler.finished
    assert not running
