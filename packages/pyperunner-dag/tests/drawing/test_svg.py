"""The picture as SVG: valid, complete, inert."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from pyperunner_dag import DAG, Node, draw_svg, layout
from pyperunner_dag.drawing.palette import colours

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_box_for_each_node_a_line_and_an_arrow_for_each_edge(nodes):
    dag = DAG(nodes(a=[], b=["a"], c=["a", "b"]).values())
    root = ElementTree.fromstring(draw_svg(dag))
    assert root.tag == f"{SVG}svg"
    assert len(root.findall(f".//{SVG}rect")) == 3
    assert len(root.findall(f".//{SVG}path")) == 2 * 3
    assert texts(draw_svg(dag)) == ["a", "b", "c"]
    assert [title.text for title in root.iter(f"{SVG}title")] == ["3 tasks", "a", "b", "c"]


def test_everything_is_inside_the_picture(nodes):
    dag = DAG(nodes(a=[], b=["a"], c=["a"]).values())
    root = ElementTree.fromstring(draw_svg(dag, dict.fromkeys("abc", "NOT_STARTED")))
    width, height = float(root.get("width")), float(root.get("height"))
    for rect in root.iter(f"{SVG}rect"):
        x, y, w, h = (float(rect.get(side)) for side in ("x", "y", "width", "height"))
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height


def test_a_layout_is_painted_like_its_graph(nodes):
    dag = DAG(nodes(a=[], b=["a"]).values())
    assert draw_svg(layout(dag), {"a": "SUCCESS"}) == draw_svg(dag, {"a": "SUCCESS"})


def test_states_colour_their_boxes_and_have_a_legend(nodes):
    states = ["NOT_STARTED", "RUNNING", "SUCCESS", "FAILURE", "CANT_RUN", "SKIPPED", "SOMETHING_ELSE"]
    tasks = {f"t{index}": [] for index in range(len(states))}
    svg = draw_svg(DAG(nodes(**tasks).values()), dict(zip(tasks, states, strict=True)))
    root = ElementTree.fromstring(svg)
    boxes = root.findall(f".//{SVG}g/{SVG}rect")
    assert [box.get("fill") for box in boxes] == [colours(state)[0] for state in states]
    assert set(texts(svg)[len(states) :]) == set(states)
    assert "t3: FAILURE" in [title.text for title in root.iter(f"{SVG}title")]
    assert len({colours(state) for state in states}) == len(states)


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a&amp;b ]]> <!--",
    "\x00\x1b[31m\ud800\ufffe",
    "'onload='x",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_taken_for_markup(name):
    node = Node(name)
    svg = draw_svg(DAG([node, Node("child")(node)]), {name: name})
    root = ElementTree.fromstring(svg)
    allowed = {f"{SVG}{tag}" for tag in ("svg", "title", "g", "path", "rect", "text")}
    assert {element.tag for element in root.iter()} == allowed
    assert not any(attribute.startswith("on") for element in root.iter() for attribute in element.attrib)


def test_nothing_comes_from_elsewhere(nodes):
    svg = draw_svg(DAG(nodes(a=[], b=["a"]).values()))
    assert svg.count("http") == 1
    assert "href" not in svg


def test_no_nodes():
    assert texts(draw_svg(DAG([]))) == []
