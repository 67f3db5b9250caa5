"""Process trees: who is in one, and signals that reach all of it and no stranger.

On Linux a tree is read from ``/proc``, process by process, and a signal goes through a *pidfd*, which stands for one
process and not for a number that might have passed to another. Elsewhere psutil does the same with a look at every
process, and compares creation times before it signals.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path

__all__ = [
    "MARKER",
    "children",
    "descendants",
    "end_children",
    "end_marked",
    "is_ending",
    "is_over",
    "marked",
    "processor_seconds",
    "reap",
    "send",
    "signal_group",
    "signal_tree",
    "wait_for_end",
]

MARKER = "PYPERUNNER_TASK"
"""Environment variable that ties a process to the task that started it, whatever session it has moved to."""

_PF_EXITING = 0x4  # in include/linux/sched.h
_REAP_SECONDS = 1.0
_PAUSE = 0.1  # between two looks at a child whose end the system tells of
_GLANCE = 0.002  # where it does not


@functools.cache
def _lists_children() -> bool:
    return Path(f"/proc/self/task/{os.getpid()}/children").exists() and hasattr(os, "pidfd_open")


def children(pid: int) -> list[int]:
    """Return the direct children of a process, of whichever of its threads; none if it is gone."""
    if not _lists_children():
        return _children_by_psutil(pid)
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    except OSError:  # it has just ended
        pass
    return found


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    found = children(pid)
    for child in found:
        found.extend(children(child))
    return found


def marked(pid: int, mark: str) -> bool:
    """Whether a process was started with ``mark`` as the value of ``MARKER`` in its environment."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{MARKER}={mark}".encode() in file.read().split(b"\0")
    except OSError:
        return False


def processor_seconds(pids: Iterable[int]) -> float:
    """Return how long processors have worked for some processes, all together; those that are gone count nothing."""
    return sum(map(_seconds_of, pids))


def _seconds_of(pid: int) -> float:
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except (psutil.Error, OSError):
        return 0.0
    return times.user + times.system


def signal_group(leader: int, signum: int) -> None:
    """Send ``signum`` to the process group of ``leader``, or to it alone while it has not yet got one.

    Only for children of this process that it has not yet reaped, so that the number can't belong to a stranger.
    """
    # A stopped process would see no other signal before it goes on.
    for number in (signum, signal.SIGCONT):
        try:
            os.killpg(leader, number)
        except ProcessLookupError:
            with contextlib.suppress(ProcessLookupError):  # a library of the user's has reaped it
                os.kill(leader, number)
        except PermissionError:  # macOS says so of a group in which only an ended process is left
            return


def signal_tree(leader: int, signum: int, parent: int | None = None) -> None:
    """Send ``signum`` to a process and to all its descendants. Those that are stopped go on.

    Args:
        leader: A child of ``parent``. One of this process, which it has not yet reaped, gets it with its group.
        signum: The signal.
        parent: This process by default.
    """
    below = descendants(leader)
    family = {os.getpid() if parent is None else parent, leader, *below}
    # From below, before they lose the parents they are known by.
    for pid in reversed(below):
        if parent is not None or _group_of(pid) != leader:  # else its signal comes with the group's
            send(pid, signum, family)
    if parent is None:
        signal_group(leader, signum)
    else:
        send(leader, signum, family)


def send(pid: int, signum: int, parents: Collection[int]) -> bool:
    """Send ``signum``, and then SIGCONT, to a process if it is a child of one of ``parents``; say whether it was."""
    if not _lists_children():
        return _send_by_psutil(pid, signum, parents)
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        # Asked only now: should the number have passed on before, this tells; should it pass on later, the handle does.
        if _parent_of(pid) not in parents:
            return False
        for number in (signum, signal.SIGCONT):
            signal.pidfd_send_signal(handle, number)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def is_over(pid: int) -> bool:
    """Whether a child of this process has ended; it is collected."""
    try:
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    except ChildProcessError:  # somebody else has collected it, such as the user's own program in the runner
        return True


def is_ending(pid: int) -> bool:
    """Whether a process (Linux) has ended or is about to: its sockets close a while before its end can be seen."""
    flags = _stat_of(pid)[6:7]
    return not flags or bool(int(flags[0]) & _PF_EXITING)


def reap(pids: Iterable[int], seconds: float = _REAP_SECONDS) -> bool:
    """Collect children of this process that are about to end, for so many seconds at most; say whether all have."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        while not is_over(pid):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            wait_for_end(pid, min(left, _PAUSE))
    return True


def wait_for_end(pid: int, seconds: float) -> bool:
    """Wait for the end of any process, for so many seconds at most; say whether it has ended, collected or not."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    except (AttributeError, OSError):  # the system has no such thing, or no descriptor left
        time.sleep(min(seconds, _GLANCE))
        return False
    try:
        ends = select.poll()
        ends.register(handle, select.POLLIN)
        return bool(ends.poll(seconds * 1000))
    finally:
        os.close(handle)


def end_children(seconds: float) -> None:
    """Kill all children of this process and their trees, for so many seconds at most.

    Where this process adopts orphans, children of what is killed come to it in turn, so it looks until none is left.
    """
    deadline = time.monotonic() + seconds
    while (left := children(os.getpid())) and time.monotonic() < deadline:
        for pid in left:
            signal_tree(pid, signal.SIGKILL)
        reap(left)


def end_marked(prefix: str) -> None:
    """Kill whatever on this machine has a ``MARKER`` that begins with ``prefix``; looks at every process once."""
    import psutil

    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER, "").startswith(prefix):
                process.kill()  # compares the creation time before it signals
        except (psutil.Error, OSError):  # gone meanwhile, or somebody else's
            pass


def _parent_of(pid: int) -> int:
    parent = _stat_of(pid)[1:2]
    return int(parent[0]) if parent else -1


def _stat_of(pid: int) -> list[bytes]:
    """Return the fields of ``/proc/PID/stat`` from the state on; none if there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return []


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return -1


def _children_by_psutil(pid: int) -> list[int]:
    import psutil

    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except (psutil.Error, OSError):
        return []


def _send_by_psutil(pid: int, signum: int, parents: Collection[int]) -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        if process.ppid() not in parents:
            return False
        for number in (signum, signal.SIGCONT):
            process.send_signal(number)
    except (psutil.Error, OSError):
        return False
    return True
