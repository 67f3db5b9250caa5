"""Parts of what a node puts out: they can stand wherever the whole can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["Part", "check_step", "output_key"]


class Part:
    """A part of what a node puts out, which can stand wherever the whole can.

    Args:
        task: The node.
        path: Keys and indices that lead to the part, from the outside in.
    """

    __slots__ = ("path", "task")

    def __init__(self, task: Any, path: tuple[str | int, ...]) -> None:
        self.task = task
        self.path = path

    def __repr__(self) -> str:
        return f"<Part {self.name}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self.task is other.task and self.path == other.path

    def __hash__(self) -> int:
        return hash((id(self.task), self.path))

    def __getitem__(self, key: str | int) -> Part:
        return self.of(self.task, check_step(key))

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{self.name} is not iterable: how long it is shows when it is made; take parts of it by [0]")

    @property
    def name(self) -> str:
        """Name of the node with the path, such as ``Load()['rows'][0]``, or ``Split().train`` of a declared output."""
        if self.output_name:
            return f"{self.task.name}.{self.output_name}{''.join(f'[{key!r}]' for key in self.path[1:])}"
        return f"{self.task.name}{''.join(f'[{key!r}]' for key in self.path)}"

    @property
    def output(self) -> Any:
        """The part of what ``Task.output`` gives; ``None`` where that is none.

        Raises:
            LookupError: There is no such part.
        """
        value = self.task.output
        for step in self.path if value is not None else ():
            value = value[step]
        return value

    @property
    def output_name(self) -> str:
        """Name of the declared output that it is, or is a part of; empty where the node has one output only."""
        return str(self.path[0]) if self.task.outputs else ""

    @property
    def key(self) -> str:
        """Key of the entry that it is loaded from, whole or in part."""
        return output_key(self.task.key, self.output_name) if self.output_name else str(self.task.key)

    @property
    def entry_name(self) -> str:
        """Name of what that entry holds."""
        return f"{self.task.own_name}.{self.output_name}" if self.output_name else str(self.task.own_name)

    @property
    def own_name(self) -> str:
        """The name with the node's own name in the place of its name."""
        return f"{self.task.own_name}{self.name[len(self.task.name) :]}"

    @property
    def identity(self) -> Any:
        """What the node counts by."""
        return self.task.identity

    @property
    def inner_path(self) -> tuple[str | int, ...]:
        """What leads to the part inside what its entry holds."""
        return self.path[1:] if self.output_name else self.path

    def of(self, task: Any, *further: str | int) -> Part:
        """Return the same part of another node, or a part of the part."""
        return Part(task, (*self.path, *further))


def output_key(key: str, output: str) -> str:
    """Return the key of one declared output, given that of the task: ``Split().train/<hash>``."""
    name, _, own = key.rpartition("/")
    return f"{name}.{output}/{own}"


def check_step(key: object) -> str | int:
    """Return a step to a part of an output.

    Raises:
        TypeError: It is none.
    """
    if type(key) in (str, int):
        return key  # type: ignore[return-value]
    raise TypeError(
        f"a part of an output is taken by a text or a whole number, not by {key!r:.60} ({type(key).__name__})"
    )
