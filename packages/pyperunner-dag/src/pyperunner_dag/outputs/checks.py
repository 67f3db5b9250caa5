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
        checks: Functions that return ``False``, or an array, series or frame with one in it, or raise; objects with
            ``validate`` (pandera's schemas and models), classes with ``model_validate`` (pydantic's models), or
            objects with ``validate_python`` (its type adapters).
        value: The value.
    """
    for check in checks:
        try:
            if problem := _problem(_says(check, value)):
                return FailedCheck(_name(check), problem, None)
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
    return (
        None if getattr(check, "__name__", "") == "validate" else said
    )  # a schema's method, which gives back the value


def _problem(said: Any) -> str:
    """Return what is the matter if a check has returned ``False``, or truth values of a library one of which is."""
    if said is False:
        return "it returned False"
    if type(said).__module__.partition(".")[0] not in ("numpy", "pandas", "polars"):
        return ""
    import numpy as np

    values = np.asarray(said)
    if values.dtype != bool or values.all():
        return ""
    return "it returned False" if values.ndim == 0 else f"{values.size - values.sum():,} of {values.size:,} are False"


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
