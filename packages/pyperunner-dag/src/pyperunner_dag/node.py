"""A node of a graph: it knows its name, its parents and its children."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Node"]


class Node:
    """A named node of a directed graph.

    There are two kinds of edges: *connected* parents, a list in which order and repetition count, and *named inputs*,
    a set in order of first appearance. ``upstream`` and ``children`` hold both kinds.

    Args:
        name: Name of the node, unique in each graph it is part of.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._parents: list[Any] = []
        self._inputs: tuple[Any, ...] = ()
        self._children: dict[Any, None] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def parents(self) -> list[Self]:
        """Connected parents in the order in which they were connected, repetitions included."""
        return list(self._parents)

    @property
    def children(self) -> list[Self]:
        """Nodes that have this one as a parent or as a named input, each once."""
        return list(self._children)

    @property
    def upstream(self) -> list[Self]:
        """Connected parents, then named inputs, each once."""
        if not self._inputs and len(self._parents) < 2:
            return list(self._parents)
        return list(dict.fromkeys((*self._parents, *self._inputs)))

    def connect(self, parents: Any) -> Self:
        """Append ``parents`` to the connected parents.

        Args:
            parents: One node, or an iterable of nodes.

        Returns:
            This node, so that ``child(a)(b)`` connects both.
        """
        for parent in [parents] if isinstance(parents, Node) else list(parents):
            self._parents.append(parent)
            parent._children[self] = None
        return self

    def __call__(self, parents: Any) -> Self:
        """Connect ``parents``: see ``connect``."""
        return self.connect(parents)

    def _set_inputs(self, nodes: Iterable[Node]) -> None:
        """Make ``nodes`` the named inputs, in the place of those that were."""
        connected = set(self._parents)
        for node in self._inputs:
            if node not in connected:
                node._children.pop(self, None)
        self._inputs = tuple(dict.fromkeys(nodes))
        for node in self._inputs:
            node._children[self] = None
