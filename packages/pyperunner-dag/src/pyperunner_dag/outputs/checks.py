"""Checks: what an output has to pass before it is stored, and what of them is kept beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyperunner_dag.ports import OutputStore

__all__ = ["CHECKS", "FailedCheck", "checks_digest", "checks_key", "failed_check", "has_passed"]

CHECKS = "checks"
"""What of an entry's ``meta`` is the digest of the checks that it has passed."""


class FailedCheck(NamedTuple):
    """A check that an output has not passed."""

    name: str
    problem: str
    """What is the matter, in words."""
    error: BaseException | None
    """What the check raised, if it did."""


def failed_check(checks: Iterable[Any], value: Any) -> FailedCheck | None:
    """Return the first check that a value does not pass; ``None`` where it passes all.

    Args:
        checks: Functions that return ``False`` or raise, objects with ``validate`` (pandera's schemas and models),
            classes with ``model_validate`` (pydantic's models), objects with ``validate_python`` (its type adapters).
        value: The value.
    """
    for check in checks:
        try:
            if _says(check, value) is False:
                return FailedCheck(_name(check), "it returned False", None)
        except Exception as error:
            return FailedCheck(_name(check), f"{type(error).__name__}: {error}", error)
    return None


def _says(check: Any, value: Any) -> Any:
    for method in ("model_validate", "validate_python", "validate"):
        validate = getattr(check, method, None)
        if callable(validate):
            validate(value)
            return None
    said = check(value)
    return said.item() if type(said).__module__ == "numpy" and getattr(said, "ndim", None) == 0 else said


def _name(check: Any) -> str:
    return str(getattr(check, "__qualname__", None) or getattr(check, "name", None) or type(check).__name__)


def checks_digest(checks: Iterable[Any]) -> str:
    """Return a digest of some checks, their code included; what has no encoding counts by its text."""
    from pyperunner_keys import digest

    return digest(["pyperunner/checks/1", list(map(_digest, checks))])


def _digest(check: Any) -> str:
    from pyperunner_keys import UnencodableError, digest

    try:
        return digest(check)
    except UnencodableError:
        return digest([type(check).__qualname__, repr(check)])


def checks_key(key: str) -> str:
    """Return the key under which it is kept which checks an output has passed since it was stored."""
    name, _, own = key.rpartition("/")
    return f"{name}.@checked/{own}"


def has_passed(store: OutputStore, task: Any) -> bool:
    """Return whether the stored output of a task has passed the checks that it has today; without one, it has."""
    if not task.options.check:
        return True
    today = checks_digest(task.options.check)
    try:
        return store.meta(task.key).get(CHECKS) == today or bool(store.load(checks_key(task.key)) == today)
    except KeyError:
        return False
