"""Graphs: the encoding of values that contain themselves.

Every object of such a value is a node: what it writes by itself, with a mark wherever another object stands, and those
objects in their order. Two nodes are the same where no path that leads on from them shows a difference, so that neither
identity nor aliasing counts, as in all other values. They are told apart by partition refinement (E. F. Moore, 1956): a
node's colour is the digest of what it writes, then again and again of that and its neighbours' colours, until no round
parts any two nodes that the round before had left together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xxhash

from pyperunner_keys.encoding.writer import MAX_DEPTH, Encoder, EncoderTable, Writer, too_deep, write_item
from pyperunner_keys.errors import TooDeepError, UnencodableError
from pyperunner_keys.names import type_name

__all__ = ["write_graph"]

_ATOMS: tuple[type[object], ...] = (type(None), bool, int, float, complex, str, bytes, bytearray)


def write_graph(value: Any, out: Writer, otherwise: str) -> None:
    """Write a value that contains itself.

    Args:
        value: The value.
        out: Where the digest of its graph goes.
        otherwise: Why a value that does not contain itself is refused. How it is written must not depend on how much
            of the stack was left.

    Raises:
        UnencodableError: A part of it has no encoding, or stands more than ``MAX_DEPTH`` steps away.
    """
    graph = _Graph(out)
    colour = graph.digest(value)
    if not graph.is_cyclic:
        raise UnencodableError("", type_name(type(value)), otherwise)
    out.buffer += b"O" + colour


class _Node:
    """One object.

    Args:
        value: The object; it is kept, so that no other one gets its identity.
        write: Writes what it holds.
        parent: The node that led to it first.
        depth: Steps that lead to it.
    """

    __slots__ = ("children", "depth", "local", "ordered", "parent", "value", "write")

    def __init__(self, value: Any, write: Callable[[Any, Writer], None], parent: _Node | None) -> None:
        self.value, self.write, self.parent = value, write, parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.children: list[int] = []
        self.ordered = type(value) not in (set, frozenset)
        self.local = b""


class _Graph:
    """The nodes of a value, read one after the other, so that no depth of nesting is a depth of the stack."""

    def __init__(self, out: Writer) -> None:
        self._out = out
        self._nodes: list[_Node] = []
        self._numbers: dict[int, int] = {}
        self._at: _Node | None = None
        self._sought: _Node | None = None
        self._table = EncoderTable({kind: out.table[kind] for kind in _ATOMS}, lambda value: self._mark)

    @property
    def is_cyclic(self) -> bool:
        """Whether some node leads back to itself."""
        waiting = [0] * len(self._nodes)
        for node in self._nodes:
            for number in node.children:
                waiting[number] += 1
        free = [0] if not waiting[0] else []
        for number in free:  # it grows meanwhile
            for child in self._nodes[number].children:
                waiting[child] -= 1
                if not waiting[child]:
                    free.append(child)
        return len(free) < len(self._nodes)

    def digest(self, value: Any) -> bytes:
        """Read all that can be reached from a value, and return the colour of what was found."""
        self._mark(value, Writer(self._table, self._out.code))
        for node in self._nodes:  # it grows meanwhile
            try:
                node.local = self._read(node)
            except TooDeepError as error:
                raise UnencodableError("", *error.args[1:]) from None
            except UnencodableError as error:
                raise self._located(error, node) from None
            except RecursionError:
                reason = "it contains itself, and a copy that its type makes to show what it holds has no end"
                raise UnencodableError("", type_name(type(node.value)), reason) from None
        return _colour_of_first(self._nodes)

    def _mark(self, value: Any, out: Writer) -> None:
        """Write what stands for an object where it is met, and note it to be read."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = self._add(value, self._encoder(value))
        elif self._nodes[number] is self._sought:
            raise UnencodableError("", "", "")
        out.buffer += b"@"
        self._note(number)

    def _add(self, value: Any, write: Encoder) -> int:
        node = _Node(value, write, self._at)
        if node.depth > MAX_DEPTH:
            raise too_deep(value)
        self._nodes.append(node)
        return len(self._nodes) - 1

    def _encoder(self, value: Any) -> Encoder:
        if type(value) in (set, frozenset):
            return self._write_set
        return self._out.table.get(type(value)) or self._out.table.fallback(value)

    def _write_set(self, value: set[Any] | frozenset[Any], out: Writer) -> None:
        members = [*value]
        out.buffer += b"S%d:" % len(members) if type(value) is set else b"z%d:" % len(members)
        for member in members:
            # Each is a node of its own, also what is none elsewhere: their colours can be sorted.
            out.buffer += b"@"
            self._note(self._add(member, write_item))

    def _note(self, number: int) -> None:
        if self._at is not None:
            self._at.children.append(number)

    def _read(self, node: _Node) -> bytes:
        own = Writer(self._table, self._out.code, self._out.file, for_digest=True)
        self._at = node
        node.children = []
        node.write(node.value, own)
        return own.digest()

    def _located(self, error: UnencodableError, node: _Node) -> UnencodableError:
        """Return an error with the path that leads to its node: each holder is asked once more where it has it."""
        path = error.path
        while node.parent is not None:
            self._sought, node = node, node.parent
            try:
                self._read(node)
            except UnencodableError as found:
                path = found.path + path
        return type(error)(path, *error.args[1:])


def _colour_of_first(nodes: list[_Node]) -> bytes:
    colours = [node.local for node in nodes]
    count, before = len(set(colours)), 0
    while count > before:
        colours = [_colour(node, colours) for node in nodes]
        before, count = count, len(set(colours))
    # All of them: two graphs may agree about a node for as many rounds as both take.
    return xxhash.xxh3_128_digest(colours[0] + b"".join(sorted({*colours})))


def _colour(node: _Node, colours: list[bytes]) -> bytes:
    around = [colours[number] for number in node.children]
    return xxhash.xxh3_128_digest(node.local + b"".join(around if node.ordered else sorted(around)))
