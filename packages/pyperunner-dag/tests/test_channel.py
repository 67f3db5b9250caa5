"""Lines between layers, followed with a finger: from each upper end exactly its net's lower ends are reached."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_dag._channel import Net, route

# Which ways lead out of a character.
WAYS = {
    "│": "ud",
    "─": "lr",
    "┘": "ul",
    "└": "ur",
    "┴": "ulr",
    "┐": "dl",
    "┌": "dr",
    "┬": "dlr",
    "┤": "udl",
    "├": "udr",
    "┼": "udlr",
}
STEPS = {"u": (-1, 0), "d": (1, 0), "l": (0, -1), "r": (0, 1)}
BACK = {"u": "d", "d": "u", "l": "r", "r": "l"}


def net(tops, bottoms):
    found = Net([], ())
    found.tops, found.bottoms = set(tops), set(bottoms)
    return found


def reached(lines, top):
    """Columns in which the line that starts in column ``top`` of the first row leaves the last row, all ways taken."""
    grid = [line.ljust(200) for line in lines]
    found, seen, stack = set(), set(), [(0, top, "d")]
    while stack:
        row, column, way = stack.pop()
        if (row, column, way) in seen:
            continue
        seen.add((row, column, way))
        char = grid[row][column]
        # A vertical line on top of a horizontal one: who comes from the side passes behind it.
        ways = way if char == "│" and way in "lr" else WAYS[char]
        assert char == "│" or BACK[way] in ways, (row, column, char, way)
        for out in ways:
            if out == BACK[way]:
                continue
            step = STEPS[out]
            if row + step[0] == len(grid):
                found.add(column)
            elif row + step[0] >= 0:
                stack.append((row + step[0], column + step[1], out))
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


@settings(max_examples=300, deadline=None)
@given(channels())
def test_from_every_upper_end_exactly_its_nets_lower_ends_are_reached(nets):
    lines = list(route(nets))
    for one in nets:
        for top in one.tops:
            assert reached(lines, top) == one.bottoms


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_an_end_above_another_nets_end_does_not_touch_it(data):
    columns = data.draw(st.permutations([0, 6, 12, 18, 24]))
    # Each net ends where the next one starts, without a circle.
    nets = [net([columns[index]], [columns[index + 1]]) for index in range(4)]
    lines = list(route(nets))
    assert [reached(lines, next(iter(one.tops))) for one in nets] == [one.bottoms for one in nets]


def test_a_circle_of_ends_is_drawn_all_the_same():
    lines = list(route([net([0], [6]), net([6], [0])]))
    assert len(lines) >= 2


def test_very_many_lines_stay_within_forty_tracks():
    nets = [net([2 * index], [1001 - 2 * index]) for index in range(400)]
    assert len(list(route(nets))) <= 41
