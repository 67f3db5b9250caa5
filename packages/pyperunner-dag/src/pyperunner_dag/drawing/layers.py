"""Layers: the nodes of a graph in rows, ordered so that few lines cross, and placed so that lines are short.

The steps are those of Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"
(1981): layers by longest path, barycentre ordering, then coordinates; the last as least squares under the order, solved
layer by layer with pool-adjacent-violators. Every step is linear in nodes plus edges, up to sorting within a layer.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG, Node

__all__ = ["Edges", "Layers", "place"]

_ORDER_SWEEPS = 8
_MOST_COUNTED = 1000
_PLACE_SWEEPS = 8
_SETTLED = 0.5
"""Pixels; when nothing moves farther in a sweep down and one up, further ones would show nothing."""
_BEND_WEIGHT = 4.0


class Edges:
    """Edges, each a source, a target and the bends between. Of very many most have none; it takes 16 bytes for one."""

    def __init__(self) -> None:
        self._sources, self._targets = array("l"), array("l")
        self._bends: dict[int, Sequence[int]] = {}

    def add(self, source: int, target: int, bends: Sequence[int]) -> None:
        """Add an edge."""
        if bends:
            self._bends[len(self._sources)] = bends
        self._sources.append(source)
        self._targets.append(target)

    def __len__(self) -> int:
        return len(self._sources)

    def __iter__(self) -> Iterator[tuple[int, int, Sequence[int]]]:
        for number, (source, target) in enumerate(zip(self._sources, self._targets, strict=True)):
            yield source, target, self._bends.get(number, ())


class Layers:
    """A graph cut into layers.

    Items are numbers: the nodes of ``dag`` in their order first, then the bends of edges that pass through layers. The
    edges of one node share their bends. Edges beyond a budget of bends (linear in the graph's size) are left out.

    Args:
        dag: The graph.

    Attributes:
        rows: Items of each layer, from left to right.
        above: For each item its neighbours one layer up.
        below: For each item its neighbours one layer down.
        nodes: How many items are nodes.
        edges: The edges, each with the bends that it passes through.
        omitted: The edges that go without bends, although they pass through layers.
    """

    def __init__(self, dag: DAG[Node]) -> None:
        # Of very many nodes most have nothing below, and most edges no bends: such have one empty value in common; and
        # those with one neighbour, as most have one above, what says so with others that have the same.
        self._only: dict[int, tuple[int]] = {}
        self.nodes = len(dag)
        self.above: list[Sequence[int]] = [()] * self.nodes
        self.below: list[Sequence[int]] = [()] * self.nodes
        self.edges = Edges()
        self.omitted: list[tuple[int, int]] = []
        self.rank: list[int] = []
        self._connect(_upstream(dag, self._only))
        self._only.clear()
        self.rows: list[list[int]] = [[] for _ in range(max(self.rank, default=-1) + 1)]
        for item, rank in enumerate(self.rank):
            self.rows[rank].append(item)
        self._order()

    def _connect(self, upstream: list[Sequence[int]]) -> None:
        """Find the layers; make the edges, shortest first, and the bends they need."""
        self.rank = rank = _ranks(upstream)
        self._budget = 1000 + 4 * (self.nodes + sum(map(len, upstream)))
        bends: dict[int, list[int]] = {}
        for parent, child in _shortest_first(upstream, rank):
            between = rank[child] - rank[parent] - 1
            if between > self._budget:
                self.omitted.append((parent, child))
                continue
            self._budget -= between
            path: Sequence[int] = ()
            if between:
                passed = bends.setdefault(parent, [])
                while len(passed) < between:
                    passed.append(self._bend(passed[-1] if passed else parent))
                path = passed[:between]
            self._join(path[-1] if path else parent, child)
            self.edges.add(parent, child, path)

    def _bend(self, before: int) -> int:
        """Make a new bend one layer below ``before``."""
        item = len(self.rank)
        self.rank.append(self.rank[before] + 1)
        self.above.append(())
        self.below.append(())
        self._join(before, item)
        return item

    def _join(self, upper: int, lower: int) -> None:
        for neighbours, item, other in ((self.below, upper, lower), (self.above, lower, upper)):
            known = neighbours[item]
            if isinstance(known, list):
                known.append(other)
            else:
                neighbours[item] = [*known, other] if known else self._only.setdefault(other, (other,))

    def _order(self) -> None:
        """Sort every layer by the mean position of its neighbours, downwards and upwards in turn; keep the best order.

        The best is the one with the fewest crossings; counting them pays only where someone can look at the picture.
        """
        position = array("l", [0]) * len(self.rank)
        for row in self.rows:
            for index, item in enumerate(row):
                position[item] = index
        if max(map(len, self.rows), default=0) < 2:
            return
        counted = len(self.rank) <= _MOST_COUNTED
        best = before = position[:]
        fewest = self._crossings(position) if counted else 0
        for sweep in range(_ORDER_SWEEPS):
            if counted and not fewest:
                break
            if sweep % 2 == 0:
                if sweep and position == before:
                    break
                before = position[:]
            self._sweep(position, upwards=sweep % 2 == 1)
            crossings = self._crossings(position) if counted else 0
            if crossings < fewest or not counted:
                best, fewest = position[:], crossings
        for row in self.rows:
            row.sort(key=best.__getitem__)

    def _sweep(self, position: array[int], upwards: bool) -> None:
        """Sort layer after layer by the mean position of the neighbours in the layer before."""
        neighbours = self.below if upwards else self.above
        means = array("d", bytes(8 * len(position)))
        for row in reversed(self.rows) if upwards else self.rows:
            if len(row) > 1:
                for item in row:
                    means[item] = _mean(position, neighbours[item], position[item])
                row.sort(key=means.__getitem__)
                for index, item in enumerate(row):
                    position[item] = index

    def _crossings(self, position: array[int]) -> int:
        """Return how many pairs of lines cross."""
        count = 0
        for row in self.rows:
            ends: list[int] = []
            for item in sorted(row, key=position.__getitem__):
                lower = sorted(position[child] for child in self.below[item])
                count += sum(len(ends) - bisect_right(ends, end) for end in lower)
                for end in lower:
                    insort(ends, end)
        return count


def _upstream(dag: DAG[Node], only: dict[int, tuple[int]]) -> list[Sequence[int]]:
    """Return the parents of each node, by number; those with the same single one have what says so in common."""
    number = {node: index for index, node in enumerate(dag)}
    found: list[Sequence[int]] = []
    for node in dag:
        above = tuple([number[parent] for parent in dag.upstream(node)])
        found.append(only.setdefault(above[0], above) if len(above) == 1 else above)
    return found


def _shortest_first(upstream: Sequence[Sequence[int]], rank: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the edges; only those that pass through layers, which mostly are few, have to be sorted."""
    longer = []
    for child, above in enumerate(upstream):
        for parent in above:
            if rank[child] == rank[parent] + 1:
                yield parent, child
            else:
                longer.append((parent, child))
    yield from sorted(longer, key=lambda pair: rank[pair[1]] - rank[pair[0]])


def _ranks(upstream: Sequence[Sequence[int]]) -> list[int]:
    """Return the layer of each node: the longest path to it; a node without parents right above its first child."""
    rank = [0] * len(upstream)
    first_child: dict[int, int] = {}
    for node, parents in enumerate(upstream):
        rank[node] = 1 + max((rank[parent] for parent in parents), default=-1)
    for node, parents in enumerate(upstream):
        for parent in parents:
            first_child[parent] = min(first_child.get(parent, rank[node]), rank[node])
    for node, child_rank in first_child.items():
        if not upstream[node]:
            rank[node] = child_rank - 1
    return rank


def _mean(values: Sequence[float], items: Sequence[int], default: float) -> float:
    if len(items) == 1:
        return values[items[0]]
    return sum([values[item] for item in items]) / len(items) if items else default


def place(layers: Layers, widths: Sequence[float], gap: float) -> array[float]:
    """Return the horizontal centre of each item.

    Args:
        layers: The graph on layers.
        widths: Width of each item.
        gap: Least space between neighbours of one layer.
    """
    centres = array("d", [0.0]) * len(widths)
    for row in layers.rows:
        edge = -sum(widths[item] + gap for item in row) / 2
        for item in row:
            centres[item] = edge + (widths[item] + gap) / 2
            edge += widths[item] + gap
    before = centres
    for sweep in range(_PLACE_SWEEPS):
        if sweep % 2 == 0:
            if sweep and all(abs(old - new) < _SETTLED for old, new in zip(before, centres, strict=True)):
                break
            before = centres[:]
        neighbours = layers.below if sweep % 2 else layers.above
        for row in reversed(layers.rows) if sweep % 2 else layers.rows:
            if len(row) == 1:
                centres[row[0]] = _mean(centres, neighbours[row[0]], centres[row[0]])
                continue
            # In arrays, because a layer of very many nodes takes a fifth of the memory in them.
            wanted = array("d", (_mean(centres, neighbours[item], centres[item]) for item in row))
            weights = array("d", (_BEND_WEIGHT if item >= layers.nodes else 1.0 for item in row))
            room = array("d", (widths[item] + gap for item in row))
            for item, centre in zip(row, _spread(wanted, weights, room), strict=True):
                centres[item] = centre
    return centres


def _spread(wanted: array[float], weights: array[float], room: array[float]) -> array[float]:
    """Return positions as near as possible to the ``wanted`` ones (least squares) that keep order and distance.

    Args:
        wanted: Where each item would like to be.
        weights: How much it counts.
        room: Width of each item with its gap.
    """
    if len(wanted) == 1:
        return wanted
    offsets = array("d", [0.0])
    for left, right in pairwise(room):
        offsets.append(offsets[-1] + (left + right) / 2)
    means, totals, counts = array("d"), array("d"), array("q")  # of blocks of items that touch each other
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, count = want - offset, weight, 1
        while means and means[-1] >= mean:
            before, before_total = means.pop(), totals.pop()
            mean = (mean * total + before * before_total) / (total + before_total)
            total, count = total + before_total, count + counts.pop()
        means.append(mean)
        totals.append(total)
        counts.append(count)
    starts = (mean for mean, count in zip(means, counts, strict=True) for _ in range(count))
    return array("d", (start + offset for start, offset in zip(starts, offsets, strict=True)))
