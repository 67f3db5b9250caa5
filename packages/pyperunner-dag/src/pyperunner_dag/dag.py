"""The graph that nodes form: complete, acyclic, in order."""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pyperunner_dag.errors import CycleError, DuplicateNameError
from pyperunner_dag.node import Node

if TYPE_CHECKING:
    import networkx

__all__ = ["DAG", "cycle", "reachable", "topological_levels"]

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


def topological_levels(
    upstream: Mapping[T, Collection[T]],
    name: Callable[[T], str],
    downstream: Callable[[T], Iterable[T]] | None = None,
) -> Iterator[list[T]]:
    """Yield the keys of ``upstream`` by levels: each level needs only nodes of earlier ones.

    Within a level the order is that of ``upstream``. This is Kahn's algorithm ("Topological sorting of large networks",
    1962). ``graphlib`` would do the same several times slower; it serves to find the cycle where there is one.

    Args:
        upstream: For each node those that must come before it, each once.
        name: Name of a node, for the error.
        downstream: For a node those that must come after it, others too; by default it is found from ``upstream``.

    Raises:
        CycleError: There is no such order.
    """
    if downstream is None:
        lists: dict[T, list[T]] = {node: [] for node in upstream}
        for node, before in upstream.items():
            for other in before:
                lists[other].append(node)
        downstream = lists.__getitem__
    place: dict[T, int] = {}
    waits_for = {node: len(before) for node, before in upstream.items()}
    level = [node for node, count in waits_for.items() if not count]
    done = 0
    while level:
        yield level
        done += len(level)
        released: list[T] = []
        for node in level:
            for after in downstream(node):
                if after in waits_for:
                    waits_for[after] -= 1
                    if not waits_for[after]:
                        released.append(after)
        if len(released) > 1:
            place = place or {node: index for index, node in enumerate(upstream)}
            released.sort(key=place.__getitem__)
        level = released
    if done < len(waits_for):
        raise CycleError(map(name, cycle({node: upstream[node] for node, count in waits_for.items() if count})))


def cycle(upstream: Mapping[T, Collection[T]]) -> list[T]:
    """Return a cycle of a graph that has one: each node is upstream of the next, the last is the first."""
    try:
        graphlib.TopologicalSorter(upstream).prepare()
    except graphlib.CycleError as error:
        found: list[T] = error.args[1]
        return found
    return []


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
        found: dict[N, None] = reachable(roots, lambda node: node._children)
        self._upstream: dict[N, list[N]] = {}
        queue = list(found)
        for node in queue:
            self._upstream[node] = above = node.upstream
            for other in above:
                if other not in found:
                    found[other] = None
                    queue.append(other)
        self._by_name: dict[str, N] = {}
        for node in queue:
            if self._by_name.setdefault(node.name, node) is not node:
                raise DuplicateNameError(node.name)
        levels = topological_levels(self._upstream, _name, lambda node: node._children)
        self.nodes = tuple(node for level in levels for node in level)

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
        return list(topological_levels(self._upstream, _name))

    def to_networkx(self) -> networkx.DiGraph[Any]:
        """Return the graph as a ``networkx.DiGraph`` of the node objects, edges from parent to child."""
        import networkx

        graph: networkx.DiGraph[Any] = networkx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from((parent, node) for node in self.nodes for parent in self._upstream[node])
        return graph
