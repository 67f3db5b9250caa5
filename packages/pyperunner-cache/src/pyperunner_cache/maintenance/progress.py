"""Progress of what looks at every entry of a store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias, TypeVar

__all__ = ["Progress", "watched"]

Progress: TypeAlias = Callable[[int], object]
"""Called with the number of entries that have been looked at, after every thousand and at the end."""

T = TypeVar("T")
_EACH = 1000


def watched(entries: Iterable[T], progress: Progress | None) -> Iterator[T]:
    """Yield ``entries`` and tell ``progress`` how many there were."""
    count = 0
    for count, entry in enumerate(entries, 1):
        yield entry
        if progress is not None and count % _EACH == 0:
            progress(count)
    if progress is not None:
        progress(count)
