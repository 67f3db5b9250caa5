"""The drawing in a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyperunner_dag import DAG, Node, draw_text


def test_boxes_joined_by_lines(nodes):
    n = nodes(**{"A()": [], "B()": ["A()"], "C()": ["A()"], "D()": ["B()", "C()"]})
    assert draw_text(DAG(n.values())).splitlines() == [
        "     ┌─────┐",
        "     │ A() │",
        "     └──┬──┘",
        "   ┌────┴────┐",
        "   │         │",
        "┌──▼──┐   ┌──▼──┐",
        "│ B() │   │ C() │",
        "└──┬──┘   └──┬──┘",
        "   └────┬────┘",
        "        │",
        "     ┌──▼──┐",
        "     │ D() │",
        "     └─────┘",
    ]


def test_marked_names_have_a_star_before_and_after(nodes):
    text = draw_text(DAG(nodes(**{"A()": [], "B()": ["A()"]}).values()), {"B()"})
    assert "│ A() │" in text
    assert "│ *B()* │" in text


def test_a_chain_is_a_straight_line(nodes):
    lines = draw_text(DAG(nodes(first=[], second_one=["first"], x=["second_one"]).values())).splitlines()
    (column,) = {line.index(char) for line in lines for char in "┬▼" if char in line}
    assert all(line[column] == "│" for line in lines if line.strip() == "│")


def test_a_long_edge_passes_beside_the_boxes(nodes):
    text = draw_text(DAG(nodes(a=[], b=["a"], c=["b", "a"]).values()))
    (row,) = [line for line in text.splitlines() if "│ b │" in line]
    assert row.count("│") == 3


def test_lines_of_different_sources_enter_a_box_apart(nodes):
    text = draw_text(DAG(nodes(a=[], b=[], c=["a", "b"], d=["a"], e=["b"]).values()))
    (row,) = [line for line in text.splitlines() if "▼" in line]
    assert row.count("▼") == 4


def test_names_that_are_not_plain_text():
    a, b = Node("Load(\x1b[31m\n)"), Node("東京()")
    text = draw_text(DAG([a, b(a)]))
    assert r"│ Load(\x1b[31m\n) │" in text
    assert "│ 東京() │" in text
    top = next(line for line in text.splitlines() if "▼" in line)
    assert len(top.strip()) == 4 + 6


def test_nothing_to_draw():
    assert draw_text(DAG([])) == ""


@pytest.mark.parametrize("mark", [(), ["0"], {"0"}, frozenset({"0"})])
def test_any_collection_marks(mark):
    assert ("*0*" in draw_text(DAG([Node("0")]), mark)) == bool(mark)


def ladder(levels, width):
    rung = first = [Node(f"0-{index}") for index in range(width)]
    for level in range(1, levels):
        rung = [Node(f"{level}-{index}")(rung) for index in range(width)]
    return first


def test_a_high_ladder_and_a_long_chain_stay_linear():
    text = draw_text(DAG(ladder(3000, 2)))
    assert "2999-1" in text
    assert len(text) < 3000 * 2 * 100
    text = draw_text(DAG(ladder(10_000, 1)))
    assert text.count("┬") == 9_999


def test_a_wide_fan_above_a_long_chain_does_not_indent_the_chain():
    root, end = Node("root"), Node("end")
    end([Node(f"leaf {index}")(root) for index in range(1000)])
    for index in range(2000):
        end = Node(f"chain {index}")(end)
    text = draw_text(DAG([root]))
    assert "leaf 999" in text
    assert "chain 1999" in text
    assert len(text) < 1_500_000


def test_edges_that_would_fill_the_page_are_counted_instead():
    chain = [Node("0")]
    for index in range(1, 1500):
        chain.append(Node(str(index))([chain[-1], chain[0]] if index > 1 else [chain[0]]))
    assert draw_text(DAG(chain[:1])).splitlines()[-1].endswith("long edges that are not drawn")


@st.composite
def plans(draw):
    """For each node the numbers of its parents, all smaller."""
    size = draw(st.integers(2, 9))
    return [set(), *(draw(st.sets(st.integers(0, index - 1), max_size=3)) for index in range(1, size))]


def find_boxes(lines):
    """Row, first column and end of each box by its name."""
    found = {}
    for row, line in enumerate(lines):
        for match in re.finditer(r"│ (node \d+) +(?=│)", line):
            edge = re.compile(r"[┌─▼]+┐").match(lines[row - 1], match.start())
            found[match[1]] = (row, match.start(), edge.end())
    return found


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans())
def test_lines_lead_from_each_node_to_its_children_and_nowhere_else(reached, plan):
    found = []
    for index, parents in enumerate(plan):
        found.append(Node(f"node {index}")([found[parent] for parent in parents]))
    lines = draw_text(DAG(found)).splitlines()
    boxes = find_boxes(lines)
    assert set(boxes) == {node.name for node in found}
    for node in found:
        row, left, right = boxes[node.name]
        starts = [column for column in range(left, right) if lines[row + 1][column] == "┬"]
        assert len(starts) == bool(node.children)
        ends = {end for column in starts for end in reached(lines, row + 2, column)}
        heads = [name for name, (top, x, end) in boxes.items() for at in ends if at[0] == top - 1 and x <= at[1] < end]
        assert set(heads) == {child.name for child in node.children}
