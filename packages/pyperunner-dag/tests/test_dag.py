"""The graph: what is in it, in which order, and what it refuses."""

from __future__ import annotations

import networkx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_dag import DAG, CycleError, DuplicateNameError, Node


def names(nodes):
    return [node.name for node in nodes]


def test_it_holds_descendants_and_all_their_ancestors_but_not_the_ancestors_other_children(nodes):
    n = nodes(root=[], other=[], stranger=["other"], child=["root", "other"], grandchild=["child"])
    dag = DAG([n["root"]])
    assert names(dag) == ["root", "other", "child", "grandchild"]
    assert n["stranger"] not in dag
    assert dag.downstream(n["other"]) == [n["child"]]


def test_it_reads_as_a_collection(nodes):
    n = nodes(a=[], b=["a"])
    dag = DAG([n["a"]])
    assert (len(dag), dag["b"], n["a"] in dag, "a" in dag) == (2, n["b"], True, False)
    assert dag.nodes == (n["a"], n["b"])
    with pytest.raises(KeyError):
        dag["c"]
    assert len(DAG([])) == 0


def test_named_inputs_are_edges():
    a, b, child = Node("a"), Node("b"), Node("child")
    child(a)._set_inputs([b])
    assert names(DAG([b])) == ["b", "a", "child"]
    assert DAG([b]).upstream(child) == [a, b]


def test_levels_are_longest_paths(nodes):
    n = nodes(a=[], b=["a"], c=["a", "b"], d=["a"])
    assert [names(level) for level in DAG([n["a"]]).levels()] == [["a"], ["b", "d"], ["c"]]


def test_networkx_graph_of_the_nodes_themselves(nodes):
    n = nodes(a=[], b=["a"], c=["a", "a", "b"])
    graph = DAG([n["a"]]).to_networkx()
    assert isinstance(graph, networkx.DiGraph)
    assert list(graph.nodes) == [n["a"], n["b"], n["c"]]
    assert set(graph.edges) == {(n["a"], n["b"]), (n["a"], n["c"]), (n["b"], n["c"])}


def test_it_is_a_picture_of_the_moment(nodes):
    n = nodes(a=[], b=["a"])
    dag = DAG([n["a"]])
    Node("c")(n["b"])
    assert names(dag) == ["a", "b"]
    assert dag.downstream(n["b"]) == []


@pytest.mark.parametrize("start", ["in", "a", "c"])
def test_a_cycle_is_shown(nodes, start):
    n = nodes(**{"in": [], "a": ["in"], "b": ["a"], "c": ["b"]})
    n["a"](n["c"])
    with pytest.raises(CycleError, match=r"(a -> b -> c -> a|b -> c -> a -> b|c -> a -> b -> c)$"):
        DAG([n[start]])


def test_a_node_that_is_its_own_parent():
    node = Node("a")
    with pytest.raises(ValueError, match=r"a -> a"):
        DAG([node(node)])


def test_duplicate_names(nodes):
    twin = Node("a")
    with pytest.raises(DuplicateNameError, match=r"unique.* a "):
        DAG([nodes(a=[])["a"], twin])


def test_a_chain_of_50_000_is_no_matter_of_recursion():
    first = node = Node("0")
    for number in range(1, 50_000):
        node = Node(str(number))(node)
    dag = DAG([first])
    assert names(dag) == [str(number) for number in range(50_000)]
    first(node)
    with pytest.raises(CycleError, match=r"more"):
        DAG([first])


def test_a_fan_of_many_and_back_is_linear():
    root, end = Node("root"), Node("end")
    end([Node(str(number))(root) for number in range(50_000)])
    assert len(DAG([end])) == 50_002
    assert [len(level) for level in DAG([root]).levels()] == [1, 50_000, 1]


@st.composite
def graphs(draw):
    """Nodes in an order, each with parents among those before it."""
    size = draw(st.integers(1, 12))
    return [draw(st.lists(st.integers(0, index - 1), max_size=4)) if index else [] for index in range(size)]


def build(parents):
    found = []
    for index, above in enumerate(parents):
        found.append(Node(str(index))([found[parent] for parent in above]))
    return found


@settings(max_examples=150, deadline=None)
@given(graphs(), st.data())
def test_any_order_is_topological_complete_and_the_same_again(parents, data):
    found = build(parents)
    roots = data.draw(st.lists(st.sampled_from(found), min_size=1))
    dag = DAG(roots)
    place = {node: index for index, node in enumerate(dag)}
    assert len(place) == len(dag)
    assert all(place[parent] < place[node] for node in dag for parent in node.parents)
    graph = networkx.DiGraph((str(p), str(i)) for i, above in enumerate(parents) for p in above)
    graph.add_nodes_from(map(str, range(len(parents))))
    down = {name for root in roots for name in (root.name, *networkx.descendants(graph, root.name))}
    assert {node.name for node in dag} == {name for d in down for name in (d, *networkx.ancestors(graph, d))}
    again = build(parents)
    assert names(DAG([again[int(root.name)] for root in roots])) == names(dag)


def test_it_stays_as_it_was_when_edges_are_added_later(nodes):
    n = nodes(a=[], b=["a"], c=["b"], d=["c"])
    graph = DAG([n["a"]])
    before = [names(level) for level in graph.levels()]
    n["d"].connect([n["a"], n["b"]])
    n["e"] = type(n["a"])("e").connect(n["d"])
    assert [names(level) for level in graph.levels()] == before
    assert names(graph.upstream(n["d"])) == ["c"]


def test_connecting_appends_in_order_and_returns_the_child():
    a, b, child = Node("a"), Node("b"), Node("child")
    assert child(a)(b) is child
    assert child.parents == [a, b]
    assert (a.children, b.children) == ([child], [child])


def test_a_repeated_parent_counts_twice_its_child_once():
    a, child = Node("a"), Node("child")
    child([a, a])
    assert child.parents == [a, a]
    assert child.upstream == [a]
    assert a.children == [child]


def test_upstream_is_parents_then_inputs_each_once():
    a, b, c, child = (Node(name) for name in ("a", "b", "c", "child"))
    child._set_inputs([c, a])
    child([b, a])
    assert child.upstream == [b, a, c]
    assert child.parents == [b, a]
    assert c.children == [child]


def test_replaced_inputs_lose_their_child_unless_connected():
    a, b, child = Node("a"), Node("b"), Node("child")
    child([a])._set_inputs([a, b])
    child._set_inputs([])
    assert (a.children, b.children) == ([child], [])


def test_lists_are_copies():
    a, child = Node("a"), Node("child")
    child(a)
    child.parents.clear()
    a.children.clear()
    child.upstream.clear()
    assert child.parents == child.upstream == [a]
    assert a.children == [child]
