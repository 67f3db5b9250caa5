"""Producers: nodes that have an output, and the parts of it that others take."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from pyperunner_dag.dag import Node
from pyperunner_dag.nodes.parts import Part, check_step, output_key
from pyperunner_dag.outputs.elements import Element, items_of
from pyperunner_dag.outputs.errors import PartMissingError, UnknownOutputError

__all__ = ["Producer", "pick"]


class Producer(Node):
    """A node that has an output, whole or in parts: a task, or what stands for one in another process."""

    elements: list[Any] | None = None

    @property
    @abstractmethod
    def key(self) -> str:
        """Key of the output in a store."""

    def __getitem__(self, key: str | int) -> Part:
        return self.output_part(key)

    def __iter__(self) -> Iterator[Part]:
        if not self.outputs:
            raise TypeError(
                f"{self.name} is not iterable: it declares no outputs, such as @task(…, outputs=('a', 'b'))"
            )
        return iter([Part(self, (name,)) for name in self.outputs])

    def __getattr__(self, name: str) -> Any:
        if name in type(self).outputs:
            return Part(self, (name,))
        hint = f"; its outputs are {', '.join(self.outputs)}" if type(self).outputs and not name.startswith("_") else ""
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    def output_part(self, *path: str | int) -> Part:
        """Return a part of the output, as an input for other tasks: ``load.output_part("rows", 0)``.

        Args:
            *path: Keys and indices that lead to it; of a task with several outputs the first is the name of one, or
                its number.

        Raises:
            UnknownOutputError: There is no output of that name; the error gives similar ones.
            TypeError: A step is no text and no whole number, or there is none.
        """
        steps = tuple(map(check_step, path))
        if not steps:
            raise TypeError("output_part() takes the keys and indices that lead to a part, at least one")
        if self.outputs:
            first = steps[0]
            if isinstance(first, int) and -len(self.outputs) <= first < len(self.outputs):
                steps = (self.outputs[first], *steps[1:])
            elif first not in self.outputs:
                raise UnknownOutputError(self.name, first, self.outputs)
        return Part(self, steps)

    @property
    def entry_name(self) -> str:
        """Name under which the output is stored; variants, and elements of a mapped task, share one."""
        return self.own_name

    @property
    def entry_keys(self) -> list[str]:
        """Keys of all its entries: that of the whole, and of several outputs those of each; of a mapped task none."""
        if self.mapping is not None:
            return []
        return [self.key, *(output_key(self.key, name) for name in self.outputs)]


def pick(source: Any, value: Any, of: str) -> Any:
    """Return what a source is of what its entry holds.

    Args:
        source: A task, or a part of its output.
        value: What was loaded.
        of: Name of the task that needs it, for the error.

    Raises:
        PartMissingError: There is no such part.
    """
    if isinstance(source, Element):
        items = items_of(pick(source.source, value, of))
        if items is None or source.index >= len(items.values):
            raise PartMissingError(of, source.name, source.index, type(value).__name__)
        return items.values[source.index]
    for step in source.inner_path if isinstance(source, Part) else ():
        try:
            value = value[step]
        except (LookupError, TypeError) as error:
            raise PartMissingError(of, source.name, step, type(value).__name__, _known(value)) from error
    return value


def _known(value: Any) -> tuple[str, ...]:
    """Return the keys of a value that has some, the first of them."""
    return tuple(map(str, list(value)[:1000])) if isinstance(value, Mapping) else ()
