"""Mapped tasks: one task per element of a list, decided when the list is known.

A mapped task is a task of its class whose params hold the lists themselves; it stands for all its elements in the
graph, in drawings and in saved pipelines. ``pyperunner_dag.dataflow.expansion`` makes the elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from pyperunner_dag.dataflow.conditions import Conditional
from pyperunner_dag.inputs import describe, holds_task, is_task
from pyperunner_dag.nodes.parts import Part
from pyperunner_dag.outputs.elements import items_of
from pyperunner_dag.outputs.errors import MapError
from pyperunner_dag.run_method import method_of

__all__ = ["MAPPED", "How", "MapSpec", "Mappable", "Successes", "fixed"]

How = Literal["zip", "product"]
MAPPED = "*"
"""Tag of a mapped task that is given none."""
_LIKE_ELEMENT = re.compile(r"\)\[|^\*$")
T = TypeVar("T")


class Fixed(Generic[T]):
    """A value that ``map`` hands whole to each element."""

    def __init__(self, value: T) -> None:
        self.value = value

    def __pyperunner_key__(self) -> Any:
        """Refuse to be a param: only there would it be asked for its encoding."""
        from pyperunner_keys import UnencodableError

        raise UnencodableError(
            "", "Fixed", "fixed(…) is for what map(…) is given; hand the value itself to a single task"
        )


def fixed(value: T) -> Fixed[T]:
    """Have ``map`` hand a list, a dict, an array or the output of a task whole to each element.

    Args:
        value: What is handed on.
    """
    return Fixed(value)


class MapSpec(NamedTuple):
    """Over what a task is mapped.

    Attributes:
        params: The params, in the order in which they were given.
        how: ``zip``: side by side. ``product``: each with each, the last one fastest.
    """

    params: tuple[str, ...]
    how: How = "zip"

    def counted(self) -> list[Any]:
        """Return what of it counts in the hash of the mapped task."""
        return [self.how, list(self.params) if self.how == "product" else sorted(self.params)]


class Successes(Part):
    """Those outputs of a mapped task's elements that there are, whatever became of the others."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Name of the mapped task with what is taken of it."""
        return f"{self.task.name}.successes()"

    @property
    def identity(self) -> Any:
        """What it counts by: the elements that have succeeded."""
        return _OfSuccesses(self.task)

    @property
    def output(self) -> list[Any]:
        """The outputs of the elements that have succeeded, as far as they are known."""
        return [element.output for element in self.task.elements or () if not element.status.why_no_output]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Successes) and self.task is other.task

    def __hash__(self) -> int:
        return hash((Successes, id(self.task)))

    def of(self, task: Any, *further: str | int) -> Part:
        """See ``Part.of``."""
        return Successes(task, (*self.path, *further))


class _OfSuccesses:
    def __init__(self, task: Any) -> None:
        self.is_open, self.hash = True, task.identity.hash
        self.entry: str | None = None
        self.is_absent, self.may_be_absent = task.identity.is_absent, task.identity.may_be_absent
        if task.elements is not None:
            from pyperunner_dag.dataflow.expansion import hash_of_elements

            self.entry = hash_of_elements(element for element in task.elements if not element.status.why_no_output)

    @property
    def counted(self) -> str | None:
        """See ``TaskKey.counted``."""
        return self.entry


class Mappable(Conditional):
    """A task whose class can be mapped.

    Attributes:
        elements: Of a mapped task the tasks that it stands for, once they are known.
    """

    mapping: MapSpec | None = None
    elements_are_numbered = True
    label = ""

    @classmethod
    def map(cls, tag: str = MAPPED, /, *, each: Mapping[str, Any] | None = None, **params: Any) -> Any:
        """Make one task for each element of lists among the params.

        Lists, tuples, dicts (whose keys name the elements), groups of a frame, arrays (by their first axis) and folders
        are mapped over, and so are tasks: over what they return, or if they are mapped themselves over their elements,
        one by one. What stands in ``fixed(…)`` and all else is handed whole to each element. The result stands for the
        list of the elements' outputs, in their order.

        Args:
            tag: Tag of the elements.
            each: Params that cannot be given by keyword: those called ``how``, ``tag`` or ``reload``.
            **params: Params; and ``how="product"`` for each element of one list with each of the others, where several
                are mapped over, instead of side by side.

        Raises:
            MapError: There is nothing to map over, or the lists have lengths that differ.
            TaskError: Params do not fit ``run``.
        """
        how = params.pop("how", "zip")
        given = {**params, **(each or {})}
        name = f"{cls.__name__}({tag})"
        if how not in ("zip", "product"):
            raise MapError(name, f"how is 'product', not {how!r:.60}; a param of that name goes into each={{'how': …}}")
        for param in ("tag", "reload"):
            if param in params:
                raise MapError(name, f"a param called {param} goes into each={{{param!r}: …}}")
        if tag != MAPPED and isinstance(tag, str) and _LIKE_ELEMENT.search(tag):
            raise MapError(name, "its tag would form the name of an element of another; choose one without ')['")
        mapped = tuple(param for param, value in given.items() if _is_mapped(value))
        if not isinstance(tag, str):
            way = f"{cls.__name__}.map({method_of(cls).meant_for(given) or 'param'}=…)"
            raise MapError(cls.__name__, f"the first argument is the tag, and this is {describe(tag)}; write {way}")
        if not mapped:
            raise MapError(name, f"there is nothing to map over: {_given_instead(given)}")
        if how == "zip" and len(keys := _keys(given)) > 1:
            words = " and ".join(f"{param} has {', '.join(map(str, found))}" for found, param in keys.items())
            raise MapError(
                name, f"dicts that are mapped side by side have the same keys in the same order: {words:.300}"
            )
        values = {param: _as_kept(value) for param, value in given.items()}
        lengths = {param: len(items.values) for param in mapped if (items := _static(values[param])) is not None}
        if how == "zip" and len(set(lengths.values())) > 1:
            words = ", ".join(f"{param} has {length}" for param, length in lengths.items())
            raise MapError(name, f"lists that are mapped side by side have one length: {words} (or how='product')")
        return cls._mapped(tag, MapSpec(mapped, how), values)

    @classmethod
    def _mapped(cls, tag: str, spec: MapSpec, values: dict[str, Any]) -> Any:
        """Make the task that stands for the elements."""
        made: Any = cls.__new__(cls)
        made.mapping = spec
        made.__init__(tag, **values)
        return made

    def successes(self) -> Any:
        """Return what stands for the outputs of those elements that succeed, whatever becomes of the others.

        Raises:
            MapError: The task is not mapped.
        """
        if self.mapping is None:
            raise MapError(self.name, "successes() is for mapped tasks, made by map(…)")
        return Successes(self, ())


def _given_instead(given: Mapping[str, Any]) -> str:
    """Say of params none of which is mapped over what they are."""
    wanted = "give a list, a tuple, a dict, an array or a task"
    looked_through = {type(value).__name__: name for name, value in given.items() if _is_walked_through(value)}
    if looked_through:
        kind, name = next(iter(looked_through.items()))
        return f"{name} is a {kind}, which has no elements to count by; {wanted}, such as {name}=list(…)"
    return wanted


def _is_walked_through(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, bytearray, Fixed))


def _keys(given: Mapping[str, Any]) -> dict[tuple[Any, ...], str]:
    """Return the different keys of the dicts that are mapped over, each with the first param that has them."""
    found: dict[tuple[Any, ...], str] = {}
    for name, value in given.items():
        if isinstance(value, Mapping) and _is_mapped(value):
            found.setdefault(tuple(value), name)
    return found


def _static(value: Any) -> Any:
    return None if is_task(value) else items_of(value)


def _is_mapped(value: Any) -> bool:
    return not isinstance(value, Fixed) and (is_task(value) or items_of(value) is not None)


def _as_kept(value: Any) -> Any:
    """Return what a param holds: groups of a frame as a dict of frames."""
    if isinstance(value, Fixed):
        return value.value
    if is_task(value) or isinstance(value, (list, tuple, dict)) or holds_task(value):
        return value
    items = items_of(value)
    groups = (
        items is not None and items.labels is not None and type(value).__module__.partition(".")[0] != "pyperunner_keys"
    )
    return dict(zip(items.labels or (), items.values, strict=True)) if groups and items else value
