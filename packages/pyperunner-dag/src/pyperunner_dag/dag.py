"""Graphs: nodes, the edges between them, and the order that these leave."""

from __future__ import annotations

import graphlib
import itertools
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pyperunner_dag.errors import CycleError, DuplicateNameError, TaskNameError
from pyperunner_dag.nodes.parts import Part

if TYPE_CHECKING:
    import networkx
    from typing_extensions import Self

__all__ = ["DAG", "Node", "check_name", "cycle", "is_interactive", "made_now", "reachable", "topological_levels"]

T = TypeVar("T")
_NUMBERS = itertools.count(1)


def is_interactive() -> bool:
    """Say whether somebody types the program: in IPython, a notebook, or ``python -i``."""
    return hasattr(sys, "ps1") or bool(sys.flags.interactive)


def made_now() -> int:
    """Return one more for each node that is made where somebody types the program; else 0."""
    return next(_NUMBERS) if is_interactive() else 0


def _moved(source: Any, other: Node, to: Node) -> Any:
    """Return what a source becomes where ``to`` takes the place of ``other``."""
    if isinstance(source, Part):
        return source.of(to) if source.task is other else source
    return to if source is other else source


def _node_of(source: Any) -> Any:
    return source.task if isinstance(source, Part) else source


class Node:
    """A named node of a directed graph.

    There are two kinds of edges: *connected* parents, a list in which order and repetition count, and *named inputs*,
    a set in order of first appearance. ``upstream`` and ``children`` hold both kinds.

    Args:
        name: Name of the node, unique in each graph it is part of.

    Attributes:
        prefix: What tells it apart from others of its name in one graph, such as ``eu.``: the beginning of ``name``,
            which counts in no key.
        variant: What does so at the end, such as ``[0]``.
        made: Where somebody types the program, one more for each node that is made; else 0.
        outputs: Names of its outputs where it has several.
        mapping: Over which of its params it is mapped, if it is.
        of: The mapped node that it is an element of, if it is one.
    """

    made = 0
    prefix = ""
    variant = ""
    outputs: tuple[str, ...] = ()
    mapping: Any = None  # over what it is mapped, if it is
    of: Any = None  # the mapped task that it is an element of
    _conditions: tuple[Any, ...] = ()  # what has to be true, as nodes or parts of what they give
    _named: tuple[Any, ...] = ()  # named inputs and parts of such, where there are parts
    _parts: Mapping[int, Part] = MappingProxyType({})  # by position among the connected parents

    def __init__(self, name: str) -> None:
        self.name = name
        if number := made_now():
            self.made = number
        self._parents: list[Any] = []
        self._inputs: tuple[Any, ...] = ()
        self._children: tuple[Any, ...] | dict[Any, None] = ()  # of very many nodes, most have one or none

    def __getstate__(self) -> dict[str, Any]:
        """Keep the form that 0.2.0 had, of which there are keys."""
        return {**self.__dict__, "_children": dict.fromkeys(self._children)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    @property
    def own_name(self) -> str:
        """The name without ``prefix`` and ``variant``; by this one outputs are kept."""
        if not self.prefix and not self.variant:
            return self.name
        return self.name[len(self.prefix) : len(self.name) - len(self.variant)]

    @property
    def parents(self) -> list[Self]:
        """Connected parents in the order in which they were connected, repetitions included."""
        return list(self._parents)

    @property
    def given(self) -> list[Any]:
        """Connected parents, or parts of them, in the order in which they were connected."""
        if not self._parts:
            return list(self._parents)
        return [self._parts[at].of(node) if at in self._parts else node for at, node in enumerate(self._parents)]

    @property
    def has_parts(self) -> bool:
        """Whether it gets but a part of what any node gives."""
        return bool(self._parts or self._named)

    @property
    def sources(self) -> list[Any]:
        """What the node gets, each once: nodes, or parts of them; connected ones, then named inputs."""
        if not self.has_parts:
            return self.upstream
        return list(dict.fromkeys((*self.given, *(self._named or self._inputs))))

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

    @property
    def input_tasks(self) -> list[Self]:
        """Nodes that are named inputs, each once."""
        return list(self._inputs)

    @property
    def conditions(self) -> list[Any]:
        """What has to be true so that it runs: nodes, or parts of what they give."""
        return list(self._conditions)

    @property
    def awaited(self) -> list[Self]:
        """What has to come before it, each once: ``upstream``, then the nodes of its conditions."""
        return list(dict.fromkeys((*self.upstream, *map(_node_of, self._conditions))))

    def _add_conditions(self, sources: Iterable[Any]) -> None:
        self._conditions = tuple(dict.fromkeys((*self._conditions, *sources)))
        for source in self._conditions:
            _node_of(source)._add_child(self)

    def connect(self, parents: Any) -> Self:
        """Append ``parents`` to the connected parents.

        Args:
            parents: One node or part of one, or an iterable of such.

        Returns:
            This node, so that ``child(a)(b)`` connects both.
        """
        for given in [parents] if isinstance(parents, (Node, Part)) else list(parents):
            parent: Any = given
            if isinstance(given, Part):
                parent = given.task
                self._parts = {**self._parts, len(self._parents): given}
            self._parents.append(parent)
            if parent._children:
                parent._add_child(self)
            else:
                parent._children = (self,)
        return self

    def _add_child(self, child: Any) -> None:
        known = self._children
        if isinstance(known, dict):
            known[child] = None
        elif not known:
            self._children = (child,)
        elif child not in known:
            self._children = dict.fromkeys((*known, child))

    def _drop_child(self, child: Any) -> None:
        if isinstance(self._children, dict):
            self._children.pop(child, None)
        elif child in self._children:
            self._children = ()

    def __call__(self, parents: Any) -> Self:
        """Connect ``parents``: see ``connect``."""
        return self.connect(parents)

    def take_place_of(self, other: Node) -> None:
        """Become the parent of all children of ``other``, which leaves the graph."""
        for child in other._children:
            child._parents = [self if parent is other else parent for parent in child._parents]
            child._set_inputs(_moved(source, other, self) for source in child._named or child._inputs)
            child._conditions = tuple(_moved(source, other, self) for source in child._conditions)
            self._add_child(child)
        other._children = ()
        for parent in other.awaited:
            parent._drop_child(other)

    def _set_inputs(self, sources: Iterable[Node | Part]) -> None:
        """Make nodes, or parts of them, the named inputs, in the place of those that were."""
        found = list(dict.fromkeys(sources))
        nodes: list[Any] = [source.task if isinstance(source, Part) else source for source in found]
        self._named = () if nodes == found else tuple(found)
        connected = {*self._parents, *map(_node_of, self._conditions)}
        for node in self._inputs:
            if node not in connected:
                node._drop_child(self)
        self._inputs = tuple(dict.fromkeys(nodes))
        for node in self._inputs:
            node._add_child(self)


def check_name(task_name: str, tag: object) -> None:
    """Refuse a name or tag that no file name, YAML file or store could carry.

    Raises:
        TaskNameError: It is none, or holds what cannot be written.
    """
    if type(tag) is str and tag.isascii() and task_name.isascii() and "\0" not in tag and "\0" not in task_name:
        return
    if not isinstance(tag, str):
        raise TaskNameError(task_name, tag, f"a tag is text, not {type(tag).__name__}")
    for text in (task_name, tag):
        if "\0" in text:
            raise TaskNameError(task_name, tag, "there is a NUL character in it")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise TaskNameError(task_name, tag, "it is not valid Unicode text (a lone surrogate)") from None


N_co = TypeVar("N_co", bound=Node, covariant=True)


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
        raise CycleError(tuple(map(name, cycle({node: upstream[node] for node, count in waits_for.items() if count}))))


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


def _children(node: Node) -> Iterable[Any]:
    return node._children


class DAG(Generic[N_co]):
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

    nodes: tuple[N_co, ...]

    def __init__(self, roots: Iterable[N_co]) -> None:
        found: dict[N_co, None] = reachable(roots, _children)
        self._upstream: dict[Any, tuple[N_co, ...]] = {}
        queue = list(found)
        for node in queue:
            self._upstream[node] = above = tuple(node.awaited if node._conditions else node.upstream)
            for other in above:
                if other not in found:
                    found[other] = None
                    queue.append(other)
        self._by_name: dict[str, N_co] = {}
        for node in queue:
            if self._by_name.setdefault(node.name, node) is not node:
                raise DuplicateNameError(node.name)
        levels = topological_levels(self._upstream, _name, _children)
        self.nodes = tuple(node for level in levels for node in level)

    def __getstate__(self) -> dict[str, Any]:
        """Keep the form that 0.2.0 had, of which there are keys."""
        return {**self.__dict__, "_upstream": {node: list(above) for node, above in self._upstream.items()}}

    def __iter__(self) -> Iterator[N_co]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __contains__(self, node: object) -> bool:
        return node in self._upstream

    def __getitem__(self, name: str) -> N_co:
        return self._by_name[name]

    def upstream(self, node: Node) -> list[N_co]:
        """Return what comes before ``node``, each once: connected parents, named inputs, then conditions."""
        return list(self._upstream[node])

    def downstream(self, node: Node) -> list[N_co]:
        """Return the nodes of this graph that need ``node``, each once."""
        return [child for child in node._children if child in self._upstream]

    def levels(self) -> list[list[N_co]]:
        """Return the nodes by the length of the longest path that leads to them, roots first."""
        return list(topological_levels(self._upstream, _name))

    def to_networkx(self) -> networkx.DiGraph[Any]:
        """Return the graph as a ``networkx.DiGraph`` of the node objects, edges from parent to child."""
        import networkx

        graph: networkx.DiGraph[Any] = networkx.DiGraph()
        graph.add_nodes_from(self.nodes)
        graph.add_edges_from((parent, node) for node in self.nodes for parent in self._upstream[node])
        return graph
