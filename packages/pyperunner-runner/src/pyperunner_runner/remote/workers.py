"""Workers: the port of whatever agents run on, which says who is there and carries bytes to each and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

__all__ = ["Joined", "Left", "News", "Received", "SupportsDemand", "Workers"]


@dataclass(frozen=True)
class Joined:
    """A worker is there, and an agent of this run begins on it.

    Attributes:
        worker: Its name, which no other worker has or had in this run.
        slots: How many jobs it takes at once.
        resources: How much it has of what tasks ask for.
    """

    worker: str
    slots: int = 1
    resources: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Received:
    """Bytes have come from an agent, in order and without a gap."""

    worker: str
    data: bytes


@dataclass(frozen=True)
class Left:
    """A worker or its agent is gone or out of reach for so long that its lease has run out: it ends by itself.

    Attributes:
        worker: Its name.
        why: What happened, in words.
    """

    worker: str
    why: str


News: TypeAlias = Joined | Received | Left


class Workers(Protocol):
    """What carries an agent of a run on each of its workers. One thread uses it."""

    def take(self, timeout: float | None, wake: int | None = None) -> Sequence[News]:
        """Return what has happened, waiting up to ``timeout`` seconds for the first of it, or until ``wake`` is read.

        Those that are there from the beginning are told of in the first call.

        Raises:
            ClusterLost: No worker can be reached any more, nor will one come.
        """
        ...

    def send(self, worker: str, data: bytes) -> None:
        """Hand bytes on to an agent. Does not wait, and passes over one that is gone."""
        ...

    def drop(self, worker: str) -> None:
        """Let a worker go, whose agent is not needed."""
        ...

    def close(self) -> None:
        """Let all of them go; what still runs is ended. May be called twice."""
        ...


@runtime_checkable
class SupportsDemand(Protocol):
    """Of ``Workers`` that can become more: told how many would have something to do."""

    def want(self, jobs: int) -> None:
        """Take note of how many jobs would run at once just now if there were room for all. Called often."""
        ...
