"""SVG pictures of a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pyperunner_dag.dag import DAG, Node
from pyperunner_dag.drawing.layout import PlacedGraph, label
from pyperunner_dag.drawing.palette import ARROW, FONT, LEGEND_HEIGHT, LINE, TEXT, colours, legend
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag.schema import Box, Layout, Line

__all__ = ["draw_svg", "svg_pieces"]


def draw_svg(graph: DAG[Node] | Layout, statuses: Mapping[str, str] | None = None) -> str:
    """Draw a graph as a self-contained SVG document, without scripts, links or fonts from elsewhere.

    Args:
        graph: A graph, or what ``layout`` returned for it.
        statuses: State of each task by name (``SUCCESS``, ``FAILURE``, …), which colours its box.
    """
    return "".join(svg_pieces(graph, statuses))


def svg_pieces(graph: DAG[Node] | Layout, statuses: Mapping[str, str] | None = None) -> Iterator[str]:
    """Yield what ``draw_svg`` returns in pieces, of which there may be very many; none cuts a text.

    Args:
        graph: See ``draw_svg``.
        statuses: See ``draw_svg``.
    """
    nodes: Callable[[], Iterable[Box]]
    edges: Callable[[], Iterable[Line]]
    if isinstance(graph, DAG):
        placed = PlacedGraph(graph)
        size, nodes, edges = (placed.width, placed.height), placed.nodes, placed.edges
    else:
        size, nodes, edges = (graph["width"], graph["height"]), lambda: graph["nodes"], lambda: graph["edges"]
    states = statuses or {}
    entries = legend(states.values(), size[0])
    width = max([size[0], *(x + room for _, x, _, room in entries)])
    height = size[1] + (max((row for _, _, row, _ in entries), default=-1) + 1) * LEGEND_HEIGHT
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" style="max-width:100%;height:auto" '
        f'font-family="{_escaped(FONT)}" font-size="13">\n'
        f"<title>{sum(1 for _ in nodes())} tasks</title>\n"
        f'<g fill="none" stroke="{LINE}" stroke-width="1.4">\n'
    )
    for edge in edges():
        yield f'<path d="{_curve(edge["points"])}"/>\n'
    yield f'</g><g fill="{LINE}">\n'
    for edge in edges():
        yield f"{_arrow(*edge['points'][-1])}\n"
    yield f'</g><g fill="{TEXT}" text-anchor="middle" stroke-width="1.4">\n'
    for node in nodes():
        yield f"{_box(node, states.get(node['name']))}\n"
    yield "</g>\n"
    for state, x, row, _ in entries:
        fill, stroke = colours(state)
        y = size[1] + row * LEGEND_HEIGHT
        yield (
            f'<rect x="{x:g}" y="{y:g}" width="13" height="13" rx="3" fill="{fill}" stroke="{stroke}"/>\n'
            f'<text x="{x + 20:g}" y="{y + 11:g}" fill="{LINE}" font-size="12">{_escaped(state)}</text>\n'
        )
    yield "</svg>"


def _curve(points: list[list[float]]) -> str:
    """Return a path through ``points`` that leaves and enters each of them vertically, up to the arrowhead."""
    (x, y), *rest = [*points[:-1], [points[-1][0], points[-1][1] - ARROW]]
    path = [f"M{x:g} {y:g}"]
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        curve = f"C{x:g} {middle:g} {next_x:g} {middle:g} {next_x:g} {next_y:g}"
        path.append(f"V{next_y:g}" if next_x == x else curve)
        x, y = next_x, next_y
    return "".join(path)


def _arrow(x: float, y: float) -> str:
    """Return an arrowhead that points down at ``(x, y)``."""
    return f'<path d="M{x - 4.5:g} {y - ARROW:g}L{x:g} {y:g}L{x + 4.5:g} {y - ARROW:g}z"/>'


def _box(node: Box, state: str | None) -> str:
    fill, stroke = colours(state)
    title = node["name"] if state is None else f"{node['name']}: {state}"
    x, y, w, h = node["x"], node["y"], node["w"], node["h"]
    return (
        f'<g><title>{_escaped(title)}</title><rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="8" '
        f'fill="{fill}" stroke="{stroke}"/>'
        f'<text x="{x + w / 2:g}" y="{y + h / 2 + 4.5:g}" stroke="none">{_escaped(label(node["name"]))}</text></g>'
    )


def _escaped(text: str) -> str:
    """Return ``text`` for use in XML, as content or inside double quotes."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return visible(text)
