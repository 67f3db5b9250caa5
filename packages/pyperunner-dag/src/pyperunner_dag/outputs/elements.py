"""Elements: what a list that is mapped over consists of, and what each of them counts by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from pyperunner_dag.nodes.parts import Part

__all__ = ["NOTHING", "Element", "Items", "Listing", "digest_of", "items_of", "joined", "listing_of"]

NOTHING = object()
"""Stands for the value of an element that was not loaded."""

_MOST_LISTED = 8 << 20
"""Bytes that what is kept of a list beside it may take; of a longer one the digests are made when they are needed."""


class Items(NamedTuple):
    """What a value consists of, in order."""

    labels: list[str] | None
    """Names, where it has any: the keys of a mapping."""
    values: Sequence[Any]


class Listing(NamedTuple):
    """What is kept of a list beside it: the digests of its elements, and their names."""

    labels: list[str] | None
    digests: list[str]

    def packed(self) -> dict[str, Any]:
        """Return it in builtins; nothing where there is too much of it."""
        size = 32 * len(self.digests) + sum(map(len, self.labels or ()))
        return {"labels": self.labels, "digests": "".join(self.digests)} if size <= _MOST_LISTED else {}

    @classmethod
    def unpacked(cls, packed: object) -> Listing | None:
        """Return what was kept; ``None`` where that is nothing, or has not the form that it should have."""
        if not isinstance(packed, Mapping) or not isinstance(packed.get("digests"), str):
            return None
        text, labels = packed["digests"], packed.get("labels")
        digests = [text[at : at + 32] for at in range(0, len(text), 32)]
        if labels is not None and not (isinstance(labels, list) and len(labels) == len(digests)):
            return None
        return cls(None if labels is None else list(map(str, labels)), digests)


class Element(Part):
    """An element of a stored list, which counts by its digest, wherever it stands in the list.

    Args:
        source: The list: a task, or a part of its output.
        index: Where it stands.
        digest: Its digest.
    """

    __slots__ = ("digest", "index", "source", "value")

    def __init__(self, source: Any, index: int, digest: str) -> None:
        task = source.task if isinstance(source, Part) else source
        super().__init__(task, source.path if isinstance(source, Part) else ())
        self.source, self.index, self.digest = source, index, digest
        self.value: Any = NOTHING

    @property
    def name(self) -> str:
        """Name of the list with the index."""
        return f"{self.source.name}[{self.index}]"

    @property
    def output_name(self) -> str:
        """See ``Part.output_name``."""
        return str(self.path[0]) if self.task.outputs and self.path else ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and self.source == other.source and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.source, self.index))

    def of(self, task: Any, *further: str | int) -> Part:
        """See ``Part.of``."""
        return Element(self.source.of(task) if isinstance(self.source, Part) else task, self.index, self.digest)


def items_of(value: Any) -> Items | None:
    """Return what a value consists of; ``None`` for one that is no sequence and no mapping, as text is none.

    Args:
        value: A list, a tuple, a mapping, the groups of a pandas or polars frame, an array (by its first axis), or a
            ``Folder`` (its files).
    """
    kind = type(value)
    if isinstance(value, (list, tuple)):
        return Items(None, value)
    if isinstance(value, Mapping):
        return Items(list(map(_label, value)), list(value.values()))
    library = kind.__module__.partition(".")[0]
    if library == "numpy" and getattr(value, "ndim", None) and hasattr(value, "dtype"):
        return Items(None, value)
    if kind.__module__ == "pyperunner_keys" and kind.__name__ == "Folder":
        from pyperunner_keys import File

        files = value.files()
        base = str(value.__fspath__())
        return Items([_relative(file, base) for file in files], [File(file) for file in files])
    if library in ("pandas", "polars") and "GroupBy" in kind.__name__:
        pairs = list(value)
        return Items([_label(key) for key, _ in pairs], [group for _, group in pairs])
    return None


def listing_of(items: Items) -> Listing:
    """Return what is kept of a list.

    Raises:
        Exception: An element has no encoding and can't be pickled.
    """
    return Listing(items.labels, list(map(digest_of, items.values)))


def digest_of(value: Any) -> str:
    """Return what an element counts by: its digest, or where it has no encoding that of its pickle."""
    from pyperunner_keys import UnencodableError, digest, digest_files

    try:
        return digest_files(value)[0]
    except UnencodableError:
        import pickle

        return digest(pickle.dumps(value, protocol=5))


def _label(key: object) -> str:
    if isinstance(key, tuple):
        return ",".join(map(str, key))
    return str(key)


def _relative(file: str, base: str) -> str:
    return PurePath(file).relative_to(Path(base).absolute()).as_posix()


def joined(labels: Iterable[str]) -> str:
    """Return the name of an element that is one of each of several lists."""
    return ",".join(labels)
