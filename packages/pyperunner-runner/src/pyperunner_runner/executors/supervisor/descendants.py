"""Descendants of tasks: which process belongs to which task, and the end of what a task leaves behind.

The supervisor is the subreaper of all its tasks, so what escapes from one becomes its own child. Such a child is ended
with the task whose mark it has in its environment or whose session it is in. One that has shed both is ended as soon as
every task that could have started it is over.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping

from pyperunner_runner.processes import tree

__all__ = ["Descendants"]

_PATIENCE_SECONDS = 1.0


class Descendants:
    """Signals the process trees of tasks and ends what is left of them.

    Used by the supervisor; by the runner only to signal in the place of a supervisor that does not answer.

    Args:
        prefix: Of the marks of all tasks.
        supervisor: Its process, if it is not this one.
    """

    def __init__(self, prefix: str, supervisor: int | None = None) -> None:
        self._prefix = prefix
        self._supervisor = supervisor
        self._own_children = f"/proc/{os.getpid()}/task/{os.getpid()}/children"
        self._killed: set[str] = set()
        self._suspects: dict[int, set[str]] = {}

    def mark(self, name: str) -> str:
        """Return the mark of what a task starts."""
        return f"{self._prefix}:{name}"

    def forget(self, name: str) -> None:
        """Know nothing more of a task, which is over or did not start."""
        self._killed.discard(name)

    def signal(self, name: str, leader: int, signum: int) -> None:
        """Send ``signum`` to a task's whole process tree, stopped processes and other sessions included."""
        if signum == signal.SIGKILL:
            self._killed.add(name)
        children = tree.children(self._supervisor or os.getpid())
        escaped = [pid for pid in children if pid != leader and self._belongs(pid, name, leader)]
        for pid in (leader, *escaped):
            tree.signal_tree(pid, signum, self._supervisor)

    def end_group(self, name: str, leader: int) -> bool:
        """Kill what is left in the group of a process that has ended and is not yet reaped.

        Returns:
            Whether the task was killed through ``signal``.
        """
        try:
            os.killpg(leader, signal.SIGKILL)
        except OSError:  # it had not got so far as to have one
            pass
        return name in self._killed

    def end_rest(self, name: str, leader: int, running: Mapping[int, str]) -> None:
        """Kill what has escaped from a task that is over, wherever it went.

        Args:
            name: The task.
            leader: Its process, which is gone.
            running: The tasks that go on, by process.
        """
        if self._nothing_escaped(running):
            self._suspects.clear()
            self.forget(name)
            return
        deadline = time.monotonic() + _PATIENCE_SECONDS
        # The children of what is killed come to this process in turn, so look until none is left.
        while ours := [pid for pid in self._escaped(running) if self._is_over(pid, name, leader, running)]:
            for pid in ours:
                tree.signal_tree(pid, signal.SIGKILL)
            tree.reap(ours)
            if time.monotonic() > deadline:
                break
        if self._suspects:
            there = self._escaped(running)
            self._suspects = {pid: who for pid, who in self._suspects.items() if pid in there}
        self.forget(name)

    def _nothing_escaped(self, running: Mapping[int, str]) -> bool:
        """Whether this process has no children but those in ``running``: one look, because it comes after each task."""
        try:
            fd = os.open(self._own_children, os.O_RDONLY)
        except OSError:
            return False
        numbers = os.read(fd, 1 << 16)
        os.close(fd)
        return numbers.count(b" ") == len(running)

    def _escaped(self, running: Mapping[int, str]) -> list[int]:
        return [pid for pid in tree.children(os.getpid()) if pid not in running]

    def _is_over(self, pid: int, name: str, leader: int, running: Mapping[int, str]) -> bool:
        if self._belongs(pid, name, leader):
            return True
        if any(self._belongs(pid, other, process) for process, other in running.items()):
            return False
        # It has changed session and environment: one of the tasks that ran when it was first seen has started it.
        suspects = self._suspects.setdefault(pid, set(running.values()))
        suspects.intersection_update(running.values())
        if not suspects:
            del self._suspects[pid]
        return not suspects

    def _belongs(self, pid: int, name: str, leader: int) -> bool:
        try:
            if os.getsid(pid) == leader:
                return True
        except OSError:
            return False
        return tree.marked(pid, self.mark(name))
