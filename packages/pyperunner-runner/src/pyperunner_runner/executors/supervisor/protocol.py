"""The protocol between a runner and its supervisor: what each says to the other, in frames over a stream socket.

With a ``StartChild`` travel three descriptors. When the socket closes, or the runner dies, the supervisor ends
everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyperunner_runner.child.process import ChildRuntime
    from pyperunner_runner.ports import Exit

__all__ = [
    "AreYouThere",
    "ChildCommand",
    "ChildEnded",
    "ChildRefused",
    "ChildStarted",
    "Fds",
    "Launcher",
    "LeaveChild",
    "Obeyed",
    "Report",
    "Serving",
    "ShowStacks",
    "StartChild",
    "StopChild",
    "Unable",
]

Fds = tuple[int, int, int]
"""Write ends, or sockets, that are a child's alone: for messages, standard output and standard error."""


class ChildCommand(Protocol):
    """What a child is to do. It is pickled on its way."""

    def tasks(self, known: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Return those of the pickled tasks that the child needs."""
        ...

    def run(self, runtime: ChildRuntime, fds: Fds, mark: str) -> None:
        """Do it, in the child, and end the process.

        Args:
            runtime: What the child needs, ready for use.
            fds: Its own descriptors.
            mark: Value of the variable that ties whatever the child starts to it.
        """
        ...


class Launcher(Protocol):
    """How the supervisor makes a child."""

    def start(self, command: ChildCommand, fds: Fds, mark: str, leave_behind: Callable[[], None]) -> int:
        """Make a child that does what ``command`` says, and return its process id.

        Args:
            command: What the runner wants of it.
            fds: Its own descriptors.
            mark: Value of the variable that ties whatever the child starts to it.
            leave_behind: To be called in a child that is a copy of the supervisor: closes what is not the child's.

        Raises:
            OSError: There is no room for another process.
        """
        ...


@dataclass(frozen=True)
class StartChild:
    """To the supervisor: make a child that does what ``command`` says and is called ``name``.

    Attributes:
        name: Its name.
        command: What it does.
        launcher: Makes it, where the supervisor is not to do so in its own way.
    """

    name: str
    command: ChildCommand
    launcher: Launcher | None = None


@dataclass(frozen=True)
class StopChild:
    """To the supervisor: signal a child's whole process tree, SIGKILL if ``kill``, else SIGTERM."""

    name: str
    kill: bool


@dataclass(frozen=True)
class LeaveChild:
    """To the supervisor: say nothing more of a child, which was killed and does not end; its name may be used again."""

    name: str


@dataclass(frozen=True)
class ShowStacks:
    """To the supervisor: have a child that has not begun yet write to standard error where it is."""

    name: str


@dataclass(frozen=True)
class AreYouThere:
    """To the supervisor: say ``Obeyed``, and do nothing else."""


@dataclass(frozen=True)
class Serving:
    """From the supervisor, as its first word: its process id."""

    pid: int


@dataclass(frozen=True)
class Obeyed:
    """From the supervisor: the answer to whatever was not a ``StartChild``, once it has done what it says.

    Attributes:
        left: The child of which no more is said, if that was asked.
    """

    left: str = ""


@dataclass(frozen=True)
class ChildStarted:
    """From the supervisor: a child exists."""

    name: str
    pid: int


@dataclass(frozen=True)
class ChildRefused:
    """From the supervisor: there is no such child and will be none; ``why`` says it in words."""

    name: str
    why: str


@dataclass(frozen=True)
class ChildEnded:
    """From the supervisor: a child and all that it had started are gone."""

    name: str
    exit: Exit


@dataclass(frozen=True)
class Unable:
    """From the supervisor, as its last word: it can't make any child; ``why`` says what is missing."""

    why: str


Report = ChildStarted | ChildRefused | ChildEnded
"""What becomes of a child."""
