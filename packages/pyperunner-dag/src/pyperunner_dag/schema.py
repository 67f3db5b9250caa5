"""Schemas: the forms in which tasks and pipelines are recorded, in builtins that a store and YAML keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

if TYPE_CHECKING:
    from typing_extensions import NotRequired

__all__ = [
    "Box",
    "CodeParts",
    "Description",
    "EntryMeta",
    "InputPart",
    "KeyParts",
    "Layout",
    "Line",
    "OwnParts",
    "Plain",
    "SavedForm",
    "SavedHead",
    "SavedKey",
    "SavedTask",
    "as_mapping",
    "format_of",
]

Plain: TypeAlias = Any
"""A value in what YAML can hold: see ``pyperunner_dag.saved.values``."""


# --- keys


class CodeParts(TypedDict):
    """What the code of a task counts by."""

    digest: str
    """Digest of all of it."""
    root: str
    """Which of the parts is the task's own function."""
    parts: dict[str, str]
    """Digest of each function, class and constant by its name."""


class InputPart(TypedDict, total=False):
    """What a named input counts by: one of these, and each says what it is, so that no two look alike."""

    task: list[str]
    """Name and hash."""
    value: str
    """Digest."""
    list: list[InputPart]
    tuple: list[InputPart]
    dict: dict[str, InputPart]


class OwnParts(TypedDict):
    """What of a task's key is its own and not its code; what it has none of is left out."""

    params: dict[str, str]
    """Digests."""
    values: dict[str, str]
    """The params in short, for people."""
    files: NotRequired[dict[str, dict[str, str]]]
    """By the place of a value that holds files: digest of each by its label."""
    env: NotRequired[dict[str, str]]
    options: NotRequired[dict[str, Plain]]
    packages: NotRequired[dict[str, str]]
    """Versions."""


class KeyParts(OwnParts):
    """What a task's key is made of, as ``Task.key_parts()`` returns it."""

    format: int
    """Of the key: digests of different formats tell nothing of each other. Keys without one have format 1."""
    task: str
    """Name of its class."""
    tag: str
    inputs: dict[str, InputPart]
    code: CodeParts
    parents: list[list[str]]
    """Name and hash of each, in order."""


class EntryMeta(TypedDict):
    """What a store keeps beside an output, so that a later difference can be told from it."""

    parts: KeyParts
    sources: str
    """The texts of the code, packed by ``pyperunner_keys``."""


class Description(TypedDict):
    """What ``Task.description()`` returns."""

    name: str
    """Of its class."""
    module: str
    tag: str
    hash: str
    params: dict[str, Any]


# --- saved pipelines


class SavedHead(TypedDict):
    """Section ``pipeline``."""

    name: str
    options: NotRequired[dict[str, Plain]]
    """Those that were given to the pipeline itself."""


class SavedTask(TypedDict):
    """One entry of the section ``tasks``."""

    name: str
    """Of its class."""
    module: str
    tag: str
    params: dict[str, Plain]
    hash: str
    parents: list[str]
    inputs: NotRequired[dict[str, Plain]]
    """Names of tasks, with their nesting; plain values in it are marked ``$value``."""
    options: NotRequired[dict[str, Plain]]
    """Those that were given to the task itself."""
    map: NotRequired[dict[str, Plain]]
    """What it is mapped over, by params, as in ``inputs``; lists are marked ``$value``."""
    how: NotRequired[str]
    """``product`` where each element of one is combined with each of the others."""
    when: NotRequired[list[Plain]]
    """What has to be true so that it runs: names of tasks and parts, as in ``inputs``."""
    rerun: NotRequired[str]
    """``never`` where an output stored earlier may stand, so that its key is another one than ``hash`` says."""
    outputs: NotRequired[list[str]]
    """Names of its outputs where it has several."""
    parent_parts: NotRequired[list[Plain]]
    """Pairs of the number of a parent and the path to the part of its output that is given, where it is a part."""


class SavedKey(OwnParts):
    """One entry of the section ``keys``: what a hash was made of, so that a difference can be named."""

    code: str
    """Digest, which the section ``code`` has the parts of."""


class SavedForm(TypedDict):
    """What ``Pipeline.to_dict`` returns and ``to_file`` writes; a run's record has the section ``run`` besides."""

    pipeline: SavedHead
    key_format: int
    """Which format ``hash`` and digests have; without it they have format 1."""
    tasks: dict[str, SavedTask]
    keys: dict[str, SavedKey]
    code: dict[str, dict[str, str]]
    """By digests: digest of each function, class and constant by its name."""


# --- drawings


class Box(TypedDict):
    """A task in a drawing: its box in pixels, from the left upper corner."""

    name: str
    x: float
    y: float
    w: float
    h: float


class Line(TypedDict):
    """A line from the lower edge of one box to the upper edge of another."""

    source: str
    target: str
    points: list[list[float]]


class Layout(TypedDict):
    """Where the boxes and lines of a drawing go, as ``layout`` returns it."""

    width: float
    height: float
    nodes: list[Box]
    edges: list[Line]


def format_of(recorded: object) -> int:
    """Return which format the keys of a stranger's record have, given what it says of that; 1 where that is nothing."""
    return recorded if type(recorded) is int else 1


def as_mapping(recorded: object) -> Mapping[str, Any]:
    """Return what a stranger's record has where a mapping should be; an empty one where something else is there."""
    return recorded if isinstance(recorded, Mapping) else {}
