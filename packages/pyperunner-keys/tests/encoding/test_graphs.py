"""Values that contain themselves."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest

from pyperunner_keys import UnencodableError, digest, encode


class Node:
    def __init__(self, **state):
        self.__dict__.update(state)


def ring(length, first=0):
    """Nodes in a circle, numbered but for the first."""
    nodes = [Node(n=number if number else first) for number in range(length)]
    for node, after in zip(nodes, [*nodes[1:], nodes[0]], strict=True):
        node.next = after
    return nodes[0]


def tree(label, twice=False):
    """A root that its children know, in a list and a set."""
    root = Node()
    root.children = [Node(parent=root, label=label), Node(parent=root, label=label)]
    if twice:
        root.children = [root.children[0], root.children[0]]
    root.known = {root.children[0], Node(parent=root, label=label + 1), Node(parent=root, label=label + 2)}
    return root


def in_list(value):
    value.append(value)
    return value


def in_dict():
    held = {"a": 1}
    held["me"] = held
    return held


def method_of_itself():
    node = Node(n=1)
    node.call = node.__init__
    return node


VALUES = {
    "a list": lambda: in_list([]),
    "a list with more": lambda: in_list([1]),
    "a list twice": lambda: [in_list([]), 1],
    "a dict": in_dict,
    "an object": lambda: ring(1),
    "an object with more": lambda: ring(1, first=1),
    "a ring": lambda: ring(3),
    "a longer ring": lambda: ring(4),
    "a ring from elsewhere": lambda: ring(3).next,
    "a tree": lambda: tree(1),
    "another tree": lambda: tree(2),
    "its own method": method_of_itself,
    "beside others": lambda: {"x": [ring(2)], "y": 1.5},
}


def test_each_differs():
    assert len({digest(make()) for make in VALUES.values()}) == len(VALUES)


@pytest.mark.parametrize("name", VALUES)
def test_equal_ones_agree(name):
    value = VALUES[name]()
    again = [VALUES[name](), copy.deepcopy(value), pickle.loads(pickle.dumps(value))]
    assert {digest(each) for each in again} == {digest(value)}
    assert encode(again[0]) == encode(value)


def test_neither_identity_nor_aliasing_counts():
    assert digest(tree(1)) == digest(tree(1, twice=True))
    once, unrolled = ring(1), ring(2)
    unrolled.next.n = 0
    assert digest(once) == digest(unrolled) == digest(unrolled.next)
    apart = [in_list([]), in_list([])]
    assert digest(apart) == digest([apart[0], apart[0]])


def test_the_path_leads_to_the_part_that_cannot_be_encoded():
    node = ring(3)
    node.next.next.tools = {"k": [threading.Lock()]}
    with pytest.raises(UnencodableError, match="lock") as caught:
        digest([0, {"x": node}])
    assert caught.value.path == "[1]['x'].next.next.tools['k'][0]"


def test_what_is_deep_is_refused_whether_it_leads_back_or_not():
    for value in (ring(1000), [ring(150), ring(1000)]):
        with pytest.raises(UnencodableError, match="nested more than 200 levels deep"):
            digest(value)
    assert digest(ring(200)) == digest(ring(200))
