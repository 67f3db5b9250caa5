"""Base of the errors of this package."""

from __future__ import annotations

from pyperunner_text.errors import FactError

__all__ = ["RunnerError"]


class RunnerError(FactError):
    """Base of every error this package raises on its own account."""

    def __reduce__(self) -> tuple[object, ...]:
        # As in keys made by 0.2.0: the facts are in the state, too.
        return (type(self), self.args, self.__dict__) if self.__dict__ else (type(self), self.args)
