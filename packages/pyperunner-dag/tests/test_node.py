from __future__ import annotations

from pyperunner_dag import Node


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
