"""Runs a command as init would: whatever it leaves behind is adopted, ended and named.

``python adopt.py PARENT COMMAND [ARGUMENT ...]`` exits with the command's code. A process that outlives the command is
given a moment, then killed, and a line ``left behind: PID COMMAND`` says so; the exit code is then 1 at least. When the
process ``PARENT`` ends, which has started this, everything ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

__all__ = ["LEFT_BEHIND"]

LEFT_BEHIND = "left behind: "
"""What the line of a process begins with that outlived its command."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # prctl(2)
_PATIENCE = 2.0  # seconds in which helpers of a process that has ended notice it


def main(parent: str, *command: str) -> int:
    """Run the command; return the exit code."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "orphans cannot be adopted")
    signal.signal(signal.SIGTERM, _give_up)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        return 1
    # Python ignores these two, and what is ignored would be inherited.
    default = [signal.SIGPIPE, signal.SIGXFSZ]
    code = _wait_for(os.posix_spawnp(command[0], command, os.environ, setsigdef=default))
    left = _left_behind()
    for line in left:
        print(f"{LEFT_BEHIND}{line}", flush=True)
    return code or (1 if left else 0)


def _give_up(*_: object) -> None:
    _end_all()
    os._exit(128 + signal.SIGTERM)


def _wait_for(main_process: int) -> int:
    """Reap whatever ends until it is the command; return its exit code as a shell would."""
    while True:
        pid, status = os.wait()
        if pid == main_process:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _left_behind() -> list[str]:
    """End what is still there after a moment; return a line for each."""
    deadline = time.monotonic() + _PATIENCE
    while _reap() and time.monotonic() < deadline:
        time.sleep(0.02)
    return _end_all()


def _end_all() -> list[str]:
    """Kill the children, and what becomes a child by that; return a line for each."""
    killed: dict[int, str] = {}
    while _reap():
        for pid in _children():
            command = _command_line(pid)
            if command:  # that of one which has ended by itself is empty
                killed.setdefault(pid, f"{pid} {command}")
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    return list(killed.values())


def _reap() -> bool:
    """Take the exit codes of those that have ended; say whether others are left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _children() -> list[int]:
    """Return the children, which stay where they are until they are reaped."""
    own = str(os.getpid())
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    # Behind the command, which may hold anything, come the state and the parent: proc_pid_stat(5).
    return [pid for pid in pids if _read(pid, "stat").rpartition(")")[2].split()[1:2] == [own]]


def _command_line(pid: int) -> str:
    return _read(pid, "cmdline").replace("\0", " ").strip()


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:  # a stranger that has ended meanwhile
        return ""


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
