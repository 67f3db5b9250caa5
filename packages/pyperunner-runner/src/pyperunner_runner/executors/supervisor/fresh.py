"""Fresh supervisor: one that is an interpreter of its own and no copy of the runner."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyperunner_dag import reopen_store
from pyperunner_runner.child.context.displays import SHELL, provide_display
from pyperunner_runner.child.process import ChildRuntime
from pyperunner_runner.executors.supervisor.launch import ForkLauncher, SpawnLauncher
from pyperunner_runner.executors.supervisor.preload import preload
from pyperunner_runner.executors.supervisor.server import Supervisor
from pyperunner_runner.executors.supervisor.transport import PickledTasks
from pyperunner_runner.processes.threads import threads_that_matter

if TYPE_CHECKING:
    from pyperunner_runner.executors.supervisor.protocol import Launcher
    from pyperunner_runner.executors.supervisor.transport import InterpreterState
    from pyperunner_runner.processes.control_groups import ControlGroup

__all__ = ["BeSupervisor"]


@dataclass(frozen=True)
class BeSupervisor:
    """Be a supervisor: a ``Beginning``.

    Attributes:
        method: How it makes children: ``forkserver`` or ``spawn``.
        pickled: The tasks.
        one_store: Whether all children use one store.
        mark: With which the marks of all that its children start begin.
        preload: What it imports before it makes the first copy of itself.
        group: Of it and all that it starts.
    """

    method: str
    pickled: dict[str, bytes]
    one_store: bool
    mark: str
    preload: tuple[str, ...]
    group: ControlGroup

    def __call__(self, state: InterpreterState, fds: tuple[int, ...]) -> None:
        """See ``Beginning``."""
        if SHELL in self.preload:
            provide_display()

        def interpreters() -> Launcher:
            return SpawnLauncher(self.pickled, state)

        def copies() -> Launcher:
            tasks = PickledTasks(self.pickled)
            state.preload()
            tasks.unpack_all()
            preload(self.preload)
            if threads_that_matter():  # the user's own modules have started them
                return interpreters()
            store = reopen_store(state.spec) if self.one_store else None
            return ForkLauncher(ChildRuntime(tasks, state.spec, store))

        with socket.socket(fileno=fds[0]) as control:
            begin = copies if self.method == "forkserver" else interpreters
            Supervisor(control, self.mark, begin, self.group).serve(os.getppid())
