"""How a walk through a value says that it met something it cannot keep."""

from __future__ import annotations

__all__ = ["Refusal"]


class Refusal(Exception):
    """A part of a value has no exact plain form.

    The walk adds the steps of the path while it unwinds.

    Args:
        type_name: The part's type.
        reason: Why it has none.
    """

    def __init__(self, type_name: str, reason: str) -> None:
        super().__init__(type_name, reason)
        self.type_name, self.reason = type_name, reason
        self._steps: list[str] = []

    def under(self, step: str) -> Refusal:
        """Note that the part lies under ``step``, such as ``"['model']"``."""
        self._steps.append(step)
        return self

    @property
    def path(self) -> str:
        """Where the part is, from ``result`` on."""
        return "result" + "".join(reversed(self._steps))
