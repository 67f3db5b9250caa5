"""Launchers: the ways in which a supervisor makes a child, as a copy of itself or as a fresh interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyperunner_runner.child.process import ChildRuntime
from pyperunner_runner.executors.supervisor.interpreter import start_python
from pyperunner_runner.executors.supervisor.transport import InterpreterState, PickledTasks

if TYPE_CHECKING:
    from pyperunner_runner.executors.supervisor.protocol import ChildCommand, Fds

__all__ = ["ForkLauncher", "SpawnLauncher"]

_fork: Callable[[], int] = getattr(os, "fork", lambda: -1)  # taken before modules of the tasks may put gevent's there


class ForkLauncher:
    """Children that are copies of the supervisor, with everything it has loaded."""

    def __init__(self, runtime: ChildRuntime) -> None:
        self._runtime = runtime
        self._own_stderr = os.dup(2)

    def start(self, command: ChildCommand, fds: Fds, mark: str, leave_behind: Callable[[], None]) -> int:
        """See ``Launcher.start``."""
        os.dup2(fds[2], 2)  # so that a child that waits before any of our code runs in it can show where
        try:
            pid = _fork()
            if pid == 0:
                try:
                    os.close(self._own_stderr)
                    leave_behind()
                    command.run(self._runtime, fds, mark)
                finally:
                    os._exit(1)
        finally:
            os.dup2(self._own_stderr, 2)
        return pid


@dataclass(frozen=True)
class SpawnLauncher:
    """Children that are fresh interpreters, to which the pickled tasks are handed.

    Attributes:
        tasks: Pickled tasks by name.
        state: What they must know of this program.
    """

    tasks: Mapping[str, bytes]
    state: InterpreterState

    def start(self, command: ChildCommand, fds: Fds, mark: str, leave_behind: Callable[[], None]) -> int:
        """See ``Launcher.start``."""
        return start_python(self.state, _Begin(command, dict(command.tasks(self.tasks)), mark), fds)


@dataclass(frozen=True)
class _Begin:
    """Be a spawned child."""

    command: ChildCommand
    tasks: dict[str, bytes]
    mark: str

    def __call__(self, state: InterpreterState, fds: tuple[int, ...]) -> None:
        first, second, third = fds
        self.command.run(ChildRuntime(PickledTasks(self.tasks), state.spec), (first, second, third), self.mark)
