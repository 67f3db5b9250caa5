"""Timers, against a list that is sorted anew each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.execution.timers import Timers

NAMES = st.sampled_from("abc")
WHEN = st.integers(0, 50)


def test_a_timer_that_is_set_anew_counts_once():
    timers = Timers()
    timers.set("kill", "a", 5.0)
    timers.set("kill", "a", 9.0)
    timers.set("timeout", "a", 7.0)
    assert timers.seconds_left(1.0) == 6.0
    assert timers.take_due(8.0) == [("timeout", "a")]
    assert timers.take_due(9.0) == [("kill", "a")]
    assert timers.seconds_left(9.0) is None


def test_cancelled_timers_are_not_kept_for_ever():
    timers = Timers()
    for number in range(10_000):
        timers.set("timeout", str(number), 1e9)
        timers.cancel("timeout", str(number))
    assert len(timers._heap) < 200


@given(st.lists(st.tuples(st.sampled_from(["set", "cancel", "take"]), NAMES, WHEN), max_size=40))
def test_does_what_a_plain_list_does(steps):
    timers, model = Timers(), {}
    for what, name, when in steps:
        if what == "set":
            timers.set("k", name, when)
            model[name] = when
        elif what == "cancel":
            timers.cancel("k", name)
            model.pop(name, None)
        else:
            due = {name for name, moment in model.items() if moment <= when}
            taken = timers.take_due(when)
            assert {name for _, name in taken} == due
            assert [model[name] for _, name in taken] == sorted(model[name] for name in due)
            model = {name: moment for name, moment in model.items() if name not in due}
        left = timers.seconds_left(0)
        assert left == min(model.values(), default=None)
