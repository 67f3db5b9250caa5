"""Plots: pictures of a graph in files, the kind told by the file's name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_dag.drawing.markup import draw_dot, draw_mermaid
from pyperunner_dag.drawing.png import draw_png
from pyperunner_dag.drawing.svg import draw_svg
from pyperunner_dag.saved.files import write_atomically

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG, Node

__all__ = ["plot"]


def plot(dag: DAG[Node], fname: str | os.PathLike[str]) -> None:
    """Write a picture of ``dag``.

    Args:
        dag: The graph.
        fname: Ends in ``.svg``, ``.png``, ``.mmd`` (Mermaid) or ``.dot`` (Graphviz).

    Raises:
        ValueError: It ends otherwise.
    """
    texts: dict[str, Callable[[DAG[Node]], str]] = {".svg": draw_svg, ".mmd": draw_mermaid, ".dot": draw_dot}
    suffix = Path(fname).suffix.lower()
    if suffix == ".png":
        draw_png(dag, fname)
    elif suffix in texts:
        write_atomically(fname, texts[suffix](dag))
    else:
        kinds = ", ".join([*texts, ".png"])
        raise ValueError(f"the name of a picture must end in one of {kinds}; {os.fspath(fname)!r} does not")
