"""Layers: every line goes down, short ways, no overlaps, linear size."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_dag import DAG, Node
from pyperunner_dag.drawing.layers import Layers, _spread, place


def rows(layers, dag):
    """Names of the nodes in each layer."""
    return [sorted(dag.nodes[item].name for item in row if item < layers.nodes) for row in layers.rows]


def test_longest_paths_with_sources_pulled_down(nodes):
    n = nodes(a=[], b=["a"], late=[], c=["b", "late"])
    dag = DAG(n.values())
    assert rows(Layers(dag), dag) == [["a"], ["b", "late"], ["c"]]


def test_a_long_edge_gets_a_bend_in_each_layer_and_edges_of_one_node_share_them(nodes):
    n = nodes(a=[], b=["a"], c=["b"], d=["c", "a"], e=["d", "a"])
    layers = Layers(DAG(n.values()))
    paths = {(source, target): bends for source, target, bends in layers.edges}
    assert not paths[0, 1]
    assert len(paths[0, 3]) == 2
    assert paths[0, 4][:2] == paths[0, 3]
    assert all(layers.rank[bend] == index + 1 for index, bend in enumerate(paths[0, 4]))


def test_two_pairs_that_would_cross_do_not(nodes):
    n = nodes(a=[], b=[], x=["b"], y=["a"])
    dag = DAG(n.values())
    layers = Layers(dag)
    position = {dag.nodes[item].name: row.index(item) for row in layers.rows for item in row}
    assert (position["a"] < position["b"]) == (position["y"] < position["x"])


def test_a_chain_is_straight(nodes):
    n = nodes(a=[], b=["a"], c=["b"])
    assert len(set(place(Layers(DAG(n.values())), [10.0, 4.0, 7.0], 1.0))) == 1


def test_a_parent_stands_in_the_middle_of_its_children(nodes):
    n = nodes(a=[], b=["a"], c=["a"])
    x = place(Layers(DAG(n.values())), [10.0] * 3, 2.0)
    assert x[0] == (x[1] + x[2]) / 2
    assert abs(x[1] - x[2]) == 12.0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(-100, 100), st.sampled_from([1.0, 4.0]), st.floats(1, 20)), min_size=1, max_size=8))
def test_spreading_keeps_order_and_distance_and_is_least_squares(items):
    wanted, weights, room = map(list, zip(*items, strict=True))
    found = _spread(wanted, weights, room)
    gaps = [(left + right) / 2 for left, right in pairwise(room)]
    assert all(right - left >= gap - 1e-6 for left, right, gap in zip(found, found[1:], gaps, strict=False))

    def cost(positions):
        return sum(w * (x - want) ** 2 for x, want, w in zip(positions, wanted, weights, strict=True))

    # No shift of a tail of the row that keeps the distances makes it better.
    for index in range(len(found)):
        for shift in (-0.01, 0.01):
            moved = [*found[:index], *(x + shift for x in found[index:])]
            kept = index == 0 or moved[index] - moved[index - 1] >= gaps[index - 1]
            assert not kept or cost(moved) >= cost(found) - 1e-6


def test_long_edges_beyond_the_budget_are_left_out():
    chain = [Node("0")]
    for number in range(1, 3000):
        chain.append(Node(str(number))([chain[-1], chain[0]] if number > 1 else [chain[0]]))
    layers = Layers(DAG(chain[:1]))
    assert len(layers.rank) < 3000 + 1000 + 4 * 6000
    assert layers.omitted
    assert len(layers.edges) + len(layers.omitted) == 2999 + 2998


def test_no_nodes():
    layers = Layers(DAG([]))
    assert (layers.rows, list(layers.edges), list(place(layers, [], 1.0))) == ([], [], [])
