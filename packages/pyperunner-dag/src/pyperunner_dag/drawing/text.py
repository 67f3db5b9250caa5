"""Text drawings of a graph: boxes joined by lines, parents above children."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from pyperunner_dag.drawing.channels import Net, route
from pyperunner_dag.drawing.layers import Layers, place
from pyperunner_text.terminal.columns import columns
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG, Node

__all__ = ["draw_text"]

_GAP = 3
_MOST_PORTS = 30
_ROUNDING = 1e-6
_LARGEST = 4_000_000
"""Characters; a drawing that would be larger has its layers flush left instead of centred, which keeps it linear."""


def draw_text(dag: DAG[Node], mark: Collection[str] = ()) -> str:
    """Draw a graph with box-drawing characters.

    Args:
        dag: The graph.
        mark: Names of the nodes that get a ``*`` before and after their name.
    """
    layers = Layers(dag)
    marked = frozenset(mark)
    labels = [visible(f"*{node.name}*" if node.name in marked else node.name) for node in dag]
    lines = list(_Drawing(layers, labels).lines())
    if layers.omitted:
        lines.append(f"and {len(layers.omitted)} long edges that are not drawn")
    return "\n".join(lines)


def _nets(layers: Layers, row: list[int]) -> list[Net]:
    """Return the nets that leave a layer."""
    found: dict[tuple[int, ...], Net] = {}
    for item in row:
        lower = tuple(sorted(layers.below[item]))
        if lower:
            found.setdefault(lower, Net([], lower)).upper.append(item)
    return list(found.values())


class _Drawing:
    """Boxes and lines with their columns.

    Args:
        layers: The graph on layers; bends are drawn as lines.
        labels: Text of each node.
    """

    def __init__(self, layers: Layers, labels: list[str]) -> None:
        self.layers = layers
        self.labels = labels
        self.nets = [_nets(layers, row) for row in layers.rows]
        ports = [0] * len(layers.rank)
        for nets in self.nets:
            for net in nets:
                for item in net.lower:
                    ports[item] += 1
        self.widths = [
            max(columns(label) + 4, 2 * min(count, _MOST_PORTS) + 3)
            for label, count in zip(labels, ports, strict=False)
        ]
        self.widths += [1] * (len(layers.rank) - len(labels))
        self.column = self._columns()
        self.entries: list[set[int]] = [set() for _ in layers.rank]
        for nets in self.nets:
            self._join(nets)

    def _columns(self) -> list[int]:
        """Return the column of the middle of each item."""
        centres = place(self.layers, self.widths, _GAP)
        left = min((centre - width / 2 for centre, width in zip(centres, self.widths, strict=True)), default=0)
        right = max((centre + width / 2 for centre, width in zip(centres, self.widths, strict=True)), default=0)
        if (right - left) * len(self.layers.rows) <= _LARGEST:
            return [int(centre - left + _ROUNDING) for centre in centres]
        found = [0] * len(centres)
        for row in self.layers.rows:
            edge = 0
            for item in row:
                found[item] = edge + self.widths[item] // 2
                edge += self.widths[item] + _GAP
        return found

    def _join(self, nets: list[Net]) -> None:
        """Choose the columns of the nets between two layers."""
        top_of = {}
        for net in nets:
            net.tops = {self.column[item] for item in net.upper}
            top_of.update(dict.fromkeys(net.tops, net))
        nets_of: dict[int, list[Net]] = {}
        for net in sorted(nets, key=lambda net: sum(net.tops) / len(net.tops)):
            for item in net.lower:
                nets_of.setdefault(item, []).append(net)
        for item, entering in nets_of.items():
            for index, net in enumerate(entering):
                net.bottoms.add(self._enter(item, net, index - (len(entering) - 1) / 2, top_of))

    def _enter(self, item: int, net: Net, place: float, top_of: dict[int, Net]) -> int:
        """Return the column in which ``net`` enters ``item``: free, and not below another net's upper end.

        Args:
            item: What is entered; a bend gives way as a whole.
            net: What enters.
            place: Where among those that enter, counted from the middle.
            top_of: Nets by the columns of their upper ends.
        """
        middle, width = self.column[item], self.widths[item]
        wanted, inside = middle + round(2 * place), range(middle - width // 2 + 1, middle - width // 2 + width - 1)
        if item >= self.layers.nodes:
            inside = range(max(middle - 2, 0), middle + 3)
        elif place == 0 and len(net.tops) == 1 and next(iter(net.tops)) in inside:
            wanted = next(iter(net.tops))
        free = (column for column in inside if column not in self.entries[item] and top_of.get(column, net) is net)
        column = min(free, key=lambda column: abs(column - wanted), default=middle)
        self.entries[item].add(column)
        if item >= self.layers.nodes:
            self.column[item] = column
        return column

    def lines(self) -> Iterator[str]:
        """Yield the drawing from top to bottom."""
        for row, nets in zip(self.layers.rows, self.nets, strict=True):
            yield from self._boxes(row)
            if nets:
                yield from route(nets)

    def _boxes(self, row: list[int]) -> Iterator[str]:
        """Yield the three lines of one layer."""
        width = max(self.column[item] - self.widths[item] // 2 + self.widths[item] for item in row)
        canvas = [[" "] * width for _ in range(3)]
        for item in row:
            left, right = self.column[item] - self.widths[item] // 2, self.column[item] - self.widths[item] // 2
            right += self.widths[item]
            if item >= self.layers.nodes:
                for line in canvas:
                    line[left] = "│"
                continue
            inner = self.widths[item] - 2
            canvas[0][left:right] = f"┌{'─' * inner}┐"
            canvas[2][left:right] = f"└{'─' * inner}┘"
            label = self.labels[item]
            free = inner - columns(label)
            # One cell holds the whole text, the next ones nothing, because characters and columns are not the same.
            text = [" " * (free // 2) + label + " " * (free - free // 2), *[""] * (inner - 1)]
            canvas[1][left:right] = ["│", *text, "│"]
            for column in self.entries[item]:
                canvas[0][column] = "▼"
            if self.layers.below[item]:
                canvas[2][self.column[item]] = "┬"
        for line in canvas:
            yield "".join(line).rstrip()
