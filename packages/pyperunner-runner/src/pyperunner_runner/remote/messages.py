"""Messages between the runner and an agent. What goes to the runner is builtins and this package's own classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_runner.executors.supervisor.transport import PackedJob
    from pyperunner_runner.job_events import Event

__all__ = ["Begin", "Finish", "Finished", "Hello", "KeepAlive", "Ready", "Refused", "Reports", "StartJob", "StopJob"]


@dataclass(frozen=True)
class Hello:
    """The agent's first word: what it is (``facts``)."""

    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Begin:
    """The runner's: what ``pack`` has made, how many jobs at once, with what, and the worker's resources."""

    packed: bytes
    slots: int
    executor: str
    lease: float
    resources: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """The agent takes jobs; what there is to say first."""

    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Refused:
    """The agent can't carry out the tasks, for these reasons."""

    problems: Sequence[str]


@dataclass(frozen=True)
class StartJob:
    """Begin a job, which is to see the devices at these places."""

    packed: PackedJob
    devices: Sequence[int] = ()


@dataclass(frozen=True)
class StopJob:
    """Ask a job to end, or make it."""

    job: str
    kill: bool


@dataclass(frozen=True)
class KeepAlive:
    """Somebody is there. An agent that hears nothing for the length of its lease ends everything."""


@dataclass(frozen=True)
class Reports:
    """What has happened: the id of a job, empty for the executor itself, and the event."""

    events: Sequence[tuple[str, Event]]


@dataclass(frozen=True)
class Finish:
    """End what still runs, and go."""


@dataclass(frozen=True)
class Finished:
    """The agent's last word: nothing of it runs any more. ``why`` if it was not asked to."""

    why: str = ""
