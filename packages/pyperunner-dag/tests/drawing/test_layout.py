from __future__ import annotations

import json

import pytest

from pyperunner_dag import DAG, Node, layout
from pyperunner_dag.drawing.layout import columns, label


def test_it_is_builtins_with_boxes_inside_and_apart(nodes):
    n = nodes(a=[], b=["a"], c=["a"], d=["b", "c", "a"])
    plan = layout(DAG(n.values()))
    assert json.loads(json.dumps(plan)) == plan
    boxes = plan["nodes"]
    assert [box["name"] for box in boxes] == ["a", "b", "c", "d"]
    for box in boxes:
        assert 0 < box["x"] < box["x"] + box["w"] < plan["width"]
        assert 0 < box["y"] < box["y"] + box["h"] < plan["height"]
    _, b, c, _ = boxes
    assert b["y"] == c["y"]
    assert b["x"] + b["w"] < c["x"] or c["x"] + c["w"] < b["x"]


def test_lines_go_down_from_box_to_box(nodes):
    n = nodes(a=[], b=["a"], c=["b", "a"])
    plan = layout(DAG(n.values()))
    box = {node["name"]: node for node in plan["nodes"]}
    assert {(edge["source"], edge["target"]) for edge in plan["edges"]} == {("a", "b"), ("b", "c"), ("a", "c")}
    for edge in plan["edges"]:
        source, target = box[edge["source"]], box[edge["target"]]
        assert edge["points"][0] == [round(source["x"] + source["w"] / 2, 1), source["y"] + source["h"]]
        assert edge["points"][-1] == [round(target["x"] + target["w"] / 2, 1), target["y"]]
        heights = [y for _, y in edge["points"]]
        assert heights == sorted(heights)
    (long,) = [edge for edge in plan["edges"] if (edge["source"], edge["target"]) == ("a", "c")]
    x = long["points"][1][0]
    assert not box["b"]["x"] <= x <= box["b"]["x"] + box["b"]["w"]


def test_a_wide_fan_gets_more_height_than_a_chain(nodes):
    chain = nodes(a=[], b=["a"])
    fan = Node("root")
    for number in range(40):
        Node(f"leaf {number}")(fan)
    assert layout(DAG([fan]))["height"] > layout(DAG([chain["a"]]))["height"]


def test_no_nodes():
    plan = layout(DAG([]))
    assert (plan["nodes"], plan["edges"]) == ([], [])
    assert plan["width"] > 0
    assert plan["height"] > 0


def test_long_and_odd_names_in_a_box():
    assert label("Load(raw)") == "Load(raw)"
    assert len(label("Load(" + "x" * 300 + ")")) < 50
    assert label("a\nb") == r"a\nb"


def test_every_long_edge_of_a_large_graph_is_there():
    chain = [Node("0")]
    for number in range(1, 2000):
        chain.append(Node(str(number))([chain[-1], chain[0]] if number > 1 else [chain[0]]))
    plan = layout(DAG(chain[:1]))
    assert len(plan["edges"]) == 1999 + 1998
    assert sum(len(edge["points"]) for edge in plan["edges"]) < 100_000


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("ä", 1), ("", 0)])
def test_columns(text, width):
    assert columns(text) == width
