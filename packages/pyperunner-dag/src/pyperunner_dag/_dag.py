"""The graph that nodes form: complete, acyclic, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError as GraphlibCycleError
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pyperunner_dag._errors import CycleError, DuplicateNameError
from pyperunner_dag._node import Node

if TYPE_CHECKING:
    import networkx

__all__ = ["DAG", "reachable", "topological_levels"]

N = TypeVar("N", bound=Node)
T = TypeVar("T")


def reachable(starts: Iterable[T], neighbours: Callable[[T], Iterable[T]]) -> dict[T, None]:
    """Return ``starts`` and all that can be reached from them, as the keys of a dict in breadth-first order."""
    found = dict.fromkeys(starts)
    queue = list(found)
    for node in queue:
        for neighbour in neighbours(node):
            if neighbour not in found:
                found[neighbour] = None
                queue.append(neighbour)
    return found


def topological_levels(upstream: Mapping[T, Iterable[T]], name: Callable[[T], str]) -> Iterator[tuple[T, ...]]:
    """Yield the keys of ``upstream`` by levels: each level needs only nodes of earlier ones.

    Args:
        upstream: For each node those that must come before it.
        name: Name of a node, for the error.

    Raises:
        CycleError: There is no such order.
    """
    sorter = TopologicalSorter(upstream)
    try:
        sorter.prepare()
    except GraphlibCycleError as error:
        raise CycleError(name(node) for node in error.args[1]) from None
    while sorter.is_active():
        level = sorter.get_ready()
        yield level
        sorter.done(*level)


def _name(node: Node) -> str:
    return node.name


class DAG(Generic[N]):
    """All that was added, all its descendants, and all their ancestors, in topological order.

    It is a picture of the graph at the moment it is made; edges that are added later are not in it.

    Args:
        roots: Nodes to start from.

    Attributes:
        nodes: Every node once, parents before children, in order of discovery among equals.

    Raises:
        CycleError: A node is its own ancestor.
        DuplicateNameError: Two nodes share a name.
    """

    nodes: tuple[N, ...]

    def __init__(self, roots: Iterable[N]) -> None:
        descendants: dict[N, None] = reachable(roots, lambda node: node._children)
        self._upstream: dict[N, list[N]] = {}
        for node in reachable(descendants, lambda node: (*node._parents, *node._inputs)):
            self._upstream[node] = node.upstream
        self._by_name: dict[str, N] = {}
        for node in self._upstream:
            if self._by_name.setdefault(node.name, node) is not node:
                raise DuplicateNameError(node.name)
        self._levels = list(topological_levels(self._upstream, _name))
        self.nodes = tuple(node for level in self._levels for node in level)

    def __iter__(self) -> Iterator[N]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, node: object) -> bool:
        return node in self._upstream

    def __getitem__(self, name: str) -> N:
        return self._by_name[name]

    def upstream(self, node: N) -> list[N]:
        """Return the nodes that ``node`` needs, each once: connected parents, then named inputs."""
        return list(self._upstream[node])

    def downstream(self, node: N) -> list[N]:
        """Return the nodes of this graph that need ``node``, each once."""
        return [child for child in node.children if child in self._upstream]

    def levels(self) -> list[list[N]]:
        """Return the nodes by the length of the longest path that leads to them, roots first."""
        return [list(level) for level in self._levels]

    def to_networkx(self) -> networkx.DiGraph[Any]:
        """Return the graph as a ``networkx.DiGraph`` of the node objects, edges from parent to child."""
        import networkx

        graph: networkx.DiGraph[Any] = networkx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from((parent, node) for node in self.nodes for parent in self._upstream[node])
        return graph
