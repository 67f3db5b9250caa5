"""Lines between layers, followed with a finger: from each upper end exactly its net's lower ends are reached."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyperunner_dag.drawing.channels import Net, route


def net(tops, bottoms):
    found = Net([], ())
    found.tops, found.bottoms = set(tops), set(bottoms)
    return found


def test_a_straight_line():
    assert list(route([net([3], [3])])) == ["   │"]


def test_a_fork():
    assert list(route([net([4], [1, 4, 7])])) == [" ┌──┼──┐", " │  │  │"]


def test_a_join_and_a_shift_side_by_side_share_a_track():
    lines = list(route([net([1, 5], [3]), net([9], [12])]))
    assert lines == [" └─┬─┘   └──┐", "   │        │"]


def test_a_crossing_shows_the_vertical_line():
    assert list(route([net([1], [5]), net([3], [3])])) == [" └─│─┐", "   │ │"]


def test_no_lines():
    assert list(route([])) == [""]


@st.composite
def channels(draw):
    """Nets whose ends do not meet: upper columns are even, lower ones odd, each used once."""
    tops = draw(st.lists(st.integers(0, 20), unique=True, min_size=1, max_size=8))
    bottoms = draw(st.lists(st.integers(0, 30), unique=True, min_size=len(tops), max_size=14))
    count = draw(st.integers(1, len(tops)))
    nets = [net([], []) for _ in range(count)]
    for index, column in enumerate(tops):
        nets[index % count].tops.add(4 * column)
    for index, column in enumerate(bottoms):
        target = nets[index] if index < count else nets[draw(st.integers(0, count - 1))]
        target.bottoms.add(2 * column + 1)
    return nets


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(channels())
def test_from_every_upper_end_exactly_its_nets_lower_ends_are_reached(reached, nets):
    lines = list(route(nets))
    for one in nets:
        for top in one.tops:
            assert {column for _, column in reached(lines, 0, top)} == one.bottoms


def test_very_many_lines_stay_within_forty_tracks():
    nets = [net([2 * index], [1001 - 2 * index]) for index in range(400)]
    assert len(list(route(nets))) <= 41
