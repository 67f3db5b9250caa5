"""Presence: which tasks may turn out to have nothing to do, because a condition is false."""

from __future__ import annotations

from typing import Any

__all__ = ["presence"]


def presence(task: Any) -> tuple[bool, bool]:
    """Return whether a task may have nothing to do, and whether it may have to do without some of its parents.

    Args:
        task: The task; of those upstream this is known.
    """
    parents = [up.identity.may_be_absent for up in task.parents]
    some = True in parents
    may_be_absent = bool(task.conditions) or (some and False not in parents)
    return may_be_absent or any(up.identity.may_be_absent for up in task.input_tasks), some
