"""Markup of a graph for other programs: Mermaid and Graphviz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG, Node

__all__ = ["draw_dot", "draw_mermaid"]


def _edges(dag: DAG[Node], arrow: str) -> list[str]:
    number = {node: index for index, node in enumerate(dag)}
    return [
        f"    t{number[parent]} {arrow} t{index}" for node, index in number.items() for parent in dag.upstream(node)
    ]


def draw_mermaid(dag: DAG[Node]) -> str:
    """Return a Mermaid flowchart of a graph, its nodes named ``t0``, ``t1``, … in the graph's order.

    Every character that Mermaid or HTML could take for markup is written as an entity
    (https://mermaid.js.org/syntax/flowchart.html, "Entity codes to escape characters").
    """
    boxes = (f'    t{index}["{_entities(visible(node.name))}"]' for index, node in enumerate(dag))
    return "\n".join(["flowchart TD", *boxes, *_edges(dag, "-->")]) + "\n"


def _entities(text: str) -> str:
    return "".join(
        char if char.isalnum() or char in " ()_-.,:" or not char.isascii() else f"#{ord(char)};" for char in text
    )


def draw_dot(dag: DAG[Node], name: str = "pipeline") -> str:
    """Return a Graphviz digraph of a graph, its nodes named ``t0``, ``t1``, … in the graph's order.

    Args:
        dag: The graph.
        name: Name of the digraph.
    """
    boxes = (f"    t{index} [label={_quoted(node.name)}]" for index, node in enumerate(dag))
    head = [f"digraph {_quoted(name)} {{", "    node [shape=box, style=rounded]"]
    return "\n".join([*head, *boxes, *_edges(dag, "->"), "}"]) + "\n"


def _quoted(text: str) -> str:
    """Return a DOT string: quotes and backslashes escaped, for in labels a backslash begins an escape of DOT's own."""
    return '"' + visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
