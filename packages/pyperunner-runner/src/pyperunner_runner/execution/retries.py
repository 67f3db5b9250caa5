"""Retries: whether a task that failed is tried again, and when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyperunner_dag import ChangedDuringRunError, UndeclaredInputError
from pyperunner_runner.child.failures import full_name

if TYPE_CHECKING:
    from pyperunner_dag import Options

__all__ = ["Retries"]

_LONGEST_WAIT = 24 * 3600.0
_DOUBLINGS = 60  # more would be no number any more
_FINAL = frozenset(map(full_name, (ChangedDuringRunError, UndeclaredInputError)))
"""Another attempt under the same key cannot end otherwise."""


class Retries:
    """Counts how often each task was tried again."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}
        self._lost: dict[str, int] = {}

    def next_wait(self, task: str, options: Options, bases: Sequence[str], *, lost: bool = False) -> float | None:
        """Return the seconds until the next attempt and count it; ``None`` if there is none.

        Args:
            task: The task's name.
            options: Its options: ``retries``, ``backoff`` and ``retry_on`` count, or ``retries_on_loss`` alone.
            bases: The classes of the error, as in ``Failure``.
            lost: Whether it has not failed by itself, but was lost with what carried it out.
        """
        if lost:
            done = self._lost[task] = self._lost.get(task, 0) + 1
            return 0.0 if done <= options.retries_on_loss else None
        done = self._done.get(task, 0)
        if done >= options.retries or not _matches(options.retry_on, bases) or _FINAL.intersection(bases):
            return None
        self._done[task] = done + 1
        return float(min(options.backoff * 2.0 ** min(done, _DOUBLINGS), max(options.backoff, _LONGEST_WAIT)))


def _matches(wanted: Sequence[type[BaseException] | str], bases: Sequence[str]) -> bool:
    """Whether an error of these classes is of one that is wanted; an empty sequence stands for any."""
    names = {base.rpartition(".")[2] for base in bases}

    def is_a(kind: type[BaseException] | str) -> bool:
        if isinstance(kind, str):
            return kind in names
        return full_name(kind) in bases or kind.__qualname__ in bases  # an executor may know no modules

    return not wanted or any(map(is_a, wanted))
