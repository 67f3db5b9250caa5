"""Port of this package: what reading a run asks of the world outside, something to read outputs from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

__all__ = ["OutputReader"]


@runtime_checkable
class OutputReader(Protocol):
    """Reads stored outputs by key (``'<task name>/<hash>'``). Every output store satisfies it."""

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that have no entry, in one trip. Writes nothing."""
        ...

    def load(self, key: str) -> Any:
        """Return the output stored under ``key``.

        Raises:
            KeyError: There is no entry, or it is damaged.
        """
        ...
