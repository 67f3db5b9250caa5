"""Resources: what tasks ask for while they run, and what is left of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction
    from typing import TypeAlias

    from pyperunner_runner.planning.settings import RunSettings

__all__ = ["Demand", "Pool", "counted", "impossible"]

Demand: TypeAlias = "tuple[tuple[str, Fraction], ...]"
"""Amounts by resource, sorted; the empty one asks for nothing."""


class Pool:
    """How much of each resource is free. Amounts are counted exactly, so that ten times 0.1 fit into 1.

    Args:
        capacity: How much there is of each.
    """

    def __init__(self, capacity: Mapping[str, float]) -> None:
        self._free = {resource: _exactly(amount) for resource, amount in capacity.items()}
        self._held: dict[str, Demand] = {}

    @staticmethod
    def demand(wanted: Mapping[str, float]) -> Demand:
        """Return what a task asks for in the form that the pool takes; nothing counts where the amount is 0."""
        return tuple(sorted((resource, _exactly(amount)) for resource, amount in wanted.items() if amount))

    def fits(self, demand: Demand) -> bool:
        """Whether so much is free now."""
        return all(amount <= self._free.get(resource, 0) for resource, amount in demand)

    def take(self, name: str, demand: Demand) -> None:
        """Let a task hold what it asks for until ``release``."""
        if demand:
            self._held[name] = demand
            for resource, amount in demand:
                self._free[resource] -= amount

    def release(self, name: str) -> None:
        """Take back what a task holds, if anything."""
        for resource, amount in self._held.pop(name, ()):
            self._free[resource] += amount


def impossible(wanted: Mapping[str, float], capacity: Mapping[str, float]) -> str | None:
    """Return the first resource of which a task asks for more than there is; ``None`` if there is none."""
    return next((name for name, amount in wanted.items() if amount > capacity.get(name, 0)), None)


def _exactly(amount: float) -> Fraction:
    from fractions import Fraction

    return Fraction(str(amount))


def counted(wanted: Mapping[str, float], settings: RunSettings) -> Mapping[str, float]:
    """Return what the runner counts of what a task asks for: all, unless the executor's workers have resources."""
    if not settings.places_resources:
        return wanted
    return {name: amount for name, amount in wanted.items() if name in settings.resources}
