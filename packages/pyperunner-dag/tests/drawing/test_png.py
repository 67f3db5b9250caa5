from __future__ import annotations

import sys

import pytest

from pyperunner_dag import DAG, MissingExtraError, Node, draw_png, layout
from pyperunner_dag.drawing.palette import colours


def pixels(path):
    image_module = pytest.importorskip("PIL.Image")
    with image_module.open(path) as image:
        return image.size, {colour for _, colour in image.convert("RGB").getcolors(1 << 24)}


def rgb(colour):
    return tuple(int(colour[index : index + 2], 16) for index in (1, 3, 5))


def test_a_picture_of_twice_the_layouts_size_with_the_states_colours(nodes, tmp_path):
    pytest.importorskip("PIL")
    dag = DAG(nodes(a=[], b=["a"], c=["a", "b"]).values())
    draw_png(dag, tmp_path / "graph.png", {"a": "SUCCESS", "b": "FAILURE"})
    plan = layout(dag)
    size, seen = pixels(tmp_path / "graph.png")
    assert size[0] >= 2 * plan["width"] - 1
    assert size[1] > 2 * plan["height"]
    assert {rgb(colours(state)[0]) for state in ("SUCCESS", "FAILURE", None)} <= seen
    assert rgb(colours("CANT_RUN")[0]) not in seen
    assert [file.name for file in tmp_path.iterdir()] == ["graph.png"]


def test_a_layout_can_be_painted(nodes, tmp_path):
    pytest.importorskip("PIL")
    draw_png(layout(DAG(nodes(a=[]).values())), str(tmp_path / "graph.png"))
    assert rgb(colours(None)[0]) in pixels(tmp_path / "graph.png")[1]


def test_a_large_graph_is_painted_smaller_and_a_huge_one_refused(tmp_path):
    pytest.importorskip("PIL")
    node = first = Node("0")
    for number in range(1, 400):
        node = Node(str(number))(node)
    draw_png(DAG([first]), tmp_path / "graph.png")
    size, _ = pixels(tmp_path / "graph.png")
    assert size[0] * size[1] <= 40_000_000
    plan = {"width": 100_000.0, "height": 100_000.0, "nodes": [], "edges": []}
    with pytest.raises(ValueError, match=r"does not fit a PNG picture; use \.svg"):
        draw_png(plan, tmp_path / "huge.png")


def test_without_pillow_the_install_command_is_named(nodes, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pyperunner-dag\[png\]'"):
        draw_png(DAG(nodes(a=[]).values()), tmp_path / "graph.png")
    assert not list(tmp_path.iterdir())
