"""Retries: whether a task that failed is tried again, and when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyperunner_dag import ChangedDuringRunError, UndeclaredInputError

if TYPE_CHECKING:
    from pyperunner_dag import Options

__all__ = ["Retries"]

_FINAL = (ChangedDuringRunError, UndeclaredInputError)
"""Another attempt under the same key cannot end otherwise."""


class Retries:
    """Counts how often each task was tried again."""

    def __init__(self) -> None:
        self._done: dict[str, int] = {}

    def next_wait(self, task: str, options: Options, error: BaseException | None, bases: Sequence[str]) -> float | None:
        """Return the seconds until the next attempt and count it; ``None`` if there is none.

        Args:
            task: The task's name.
            options: Its options: ``retries``, ``backoff`` and ``retry_on`` count.
            error: What went wrong.
            bases: Names of the classes of the original error, where ``error`` may be a stand-in for it.
        """
        done = self._done.get(task, 0)
        if done >= options.retries or error is None or not _matches(options.retry_on, error, bases):
            return None
        if isinstance(error, _FINAL):
            return None
        self._done[task] = done + 1
        return float(options.backoff * 2**done)


def _matches(wanted: Sequence[type[BaseException] | str], error: BaseException, bases: Sequence[str]) -> bool:
    """Whether the error is of one of the classes; an empty sequence stands for any."""
    names = {kind.__name__ for kind in type(error).__mro__} | {base.rpartition(".")[2] for base in bases}

    def is_a(kind: type[BaseException] | str) -> bool:
        if isinstance(kind, str):
            return kind in names
        return isinstance(error, kind) or kind.__qualname__ in bases

    return not wanted or any(map(is_a, wanted))
