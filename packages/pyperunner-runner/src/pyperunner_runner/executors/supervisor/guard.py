"""Guard: the process between a runner and its supervisor, which stands in for either when it is gone.

The supervisor ends all tasks when the runner is gone. Should the supervisor be killed, what its tasks have started
becomes the guard's, and is ended; should it be stopped when the runner is killed, the guard ends it. Should the guard
be killed, the supervisor notices. So it takes two of the three at one moment to leave anything behind.

It does nothing else, and so has no reason to be busy, to wait for a lock or to run out of memory.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING

from pyperunner_runner.processes import posix, tree

if TYPE_CHECKING:
    from pyperunner_runner.processes.control_groups import ControlGroup

__all__ = ["stand_guard"]

_PATIENCE_SECONDS = 1.0  # for the supervisor to end in good order
_FORK_SECONDS = 30.0  # for the system to have room for another process
_FORK_PAUSE = 0.05


def stand_guard(runner: int, control: socket.socket, group: ControlGroup) -> int:
    """Split this process: it becomes the guard and never returns, its child goes on as the supervisor.

    Args:
        runner: Process id of the runner, this process's parent.
        control: The supervisor's line to the runner, which the guard must not hold open.
        group: Of the supervisor and all that it starts.

    Returns:
        The process id of the supervisor's parent: of the guard, or of the runner where there is none, because the
        system does not hand orphans to anybody.
    """
    if not posix.ADOPTS_ORPHANS:
        return runner
    posix.lead_session()
    posix.adopt_orphans()
    guard, supervisor = os.getpid(), _fork()
    if supervisor == 0:
        group.enter()
        return guard
    control.close()
    try:
        _watch(runner, supervisor)
        group.kill()
        tree.end_children(_PATIENCE_SECONDS)
        group.remove()
    finally:
        os._exit(0)


def _fork() -> int:
    deadline = time.monotonic() + _FORK_SECONDS
    while True:
        try:
            return os.fork()
        except OSError:
            if time.monotonic() > deadline:
                os._exit(1)
            time.sleep(_FORK_PAUSE)


def _watch(runner: int, supervisor: int) -> None:
    """Wait until the supervisor has ended, or the runner has and the supervisor has had its time to."""
    signals = posix.hear_of_ends()
    while os.getppid() == runner:
        if tree.is_over(supervisor):
            return
        signal.sigwait(signals)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not tree.is_over(supervisor) and (left := deadline - time.monotonic()) > 0:
        signal.sigtimedwait(signals, left)
