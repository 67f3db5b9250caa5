"""The ways in which a nursery makes a child: as a copy of itself, or as a fresh interpreter."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pyperunner_runner.child.process import ChildKit
from pyperunner_runner.executors.supervisor.interpreter import start_python
from pyperunner_runner.executors.supervisor.transport import Luggage, World

if TYPE_CHECKING:
    from pyperunner_runner.executors.supervisor.server import Fds
    from pyperunner_runner.ports import Job

__all__ = ["ForkedChildren", "Order", "RunJob", "SpawnedChildren"]


class Order(Protocol):
    """What a child is to do. It is pickled on its way."""

    def tasks(self, known: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """Return those of the tasks that the child needs."""
        ...

    def carry_out(self, kit: ChildKit, fds: Fds, mark: str) -> None:
        """Do it, in the child, and end the process."""
        ...


@dataclass(frozen=True)
class RunJob:
    """Carry out one job and end."""

    job: Job

    def tasks(self, known: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """See ``Order.tasks``."""
        return {self.job.task: known[self.job.task]}

    def carry_out(self, kit: ChildKit, fds: Fds, mark: str) -> None:
        """See ``Order.carry_out``."""
        kit.run(self.job, fds, mark)


class ForkedChildren:
    """Children that are copies of the nursery, with everything it has loaded."""

    def __init__(self, kit: ChildKit) -> None:
        self._kit = kit

    def start(self, order: Order, fds: Fds, mark: str, leave_behind: Callable[[], None]) -> int:
        """See ``Children.start``."""
        pid = os.fork()
        if pid == 0:
            try:
                leave_behind()
                order.carry_out(self._kit, fds, mark)
            finally:
                os._exit(1)
        return pid


class SpawnedChildren:
    """Children that are fresh interpreters, to which the pickled tasks are handed.

    Args:
        tasks: Pickled tasks by name.
        world: What they must know of this program.
    """

    def __init__(self, tasks: Mapping[str, bytes], world: World) -> None:
        self._tasks = tasks
        self._world = world

    def start(self, order: Order, fds: Fds, mark: str, leave_behind: Callable[[], None]) -> int:
        """See ``Children.start``."""
        return start_python(self._world, _begin, (order, dict(order.tasks(self._tasks)), mark), fds)


def _begin(world: World, luggage: tuple[Order, dict[str, bytes], str], fds: Fds) -> None:
    """Be a spawned child."""
    order, tasks, mark = luggage
    order.carry_out(ChildKit(Luggage(tasks), world.spec), fds, mark)
