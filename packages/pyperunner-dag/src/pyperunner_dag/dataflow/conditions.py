"""Conditions: tasks that run only if what another one puts out is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import NotATaskError
from pyperunner_dag.identity.hashing import forget
from pyperunner_dag.inputs import describe, is_task, task_of
from pyperunner_dag.outputs.errors import ConditionError
from pyperunner_dag.outputs.producer import Producer

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Conditional", "truth_of"]

_PLAIN = frozenset({bool, int, float, str, bytes, list, tuple, dict, set, frozenset, type(None)})


class Conditional(Producer):
    """A task that may have conditions."""

    def when(self, *conditions: Any) -> Self:
        """Run only if what these tasks put out, or those parts of it, is true; else the task is ``SKIPPED``.

        What follows from a task that was skipped for that is skipped as well, unless it has another way: a task runs
        with those of its connected parents that are there, if any is. Conditions decide whether it runs, not what it
        does: they count in no key.

        Args:
            *conditions: Tasks, or parts of their outputs; all have to be true, as Python takes builtin values.

        Returns:
            This task.

        Raises:
            NotATaskError: One is no task, or a mapped one, which stands for many.
        """
        for condition in conditions:
            if not is_task(condition):
                raise NotATaskError(f"a condition of {self.name}", describe(condition))
            if task_of(condition).mapping is not None:
                raise NotATaskError(f"a condition of {self.name}", f"{condition.name}, which stands for many")
        self._add_conditions(conditions)
        me: Any = self
        forget(me)
        return self


def truth_of(value: Any, task: str, condition: str) -> bool:
    """Return whether a condition is true.

    Args:
        value: What it puts out.
        task: Name of the task that has the condition, for the error.
        condition: Name of the condition, for the error.

    Raises:
        ConditionError: It is none of Python's own plain values, so that its truth would be somebody's code.
    """
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()
    if type(value) not in _PLAIN:
        raise ConditionError(task, condition, type(value).__name__)
    return bool(value)
