"""Process identity: whether the process that wrote a record is still there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyperunner_results.former_names import formerly

if TYPE_CHECKING:
    from pyperunner_results.schema import ProcessIdentity

__all__ = ["host_name", "process_identity", "process_is_alive"]


@formerly("_process")
def process_identity() -> ProcessIdentity:
    """Return what tells this process from every other: host, pid and, on Linux, its start in ticks since boot."""
    pid = os.getpid()
    return {"host": host_name(), "pid": pid, "started": _started(pid)}


@formerly("_process")
def process_is_alive(process: Mapping[str, object], host: str | None = None) -> bool | None:
    """Say whether the process of a :func:`process_identity` lives; ``None`` if it ran on another host than ``host``.

    Args:
        process: What :func:`process_identity` returned in it.
        host: Name of this machine, if it was asked for already.
    """
    pid, started = process.get("pid"), process.get("started")
    if not isinstance(pid, int) or pid <= 0 or process.get("host") != (host or host_name()):
        return None
    if started is not None:
        return bool(_started(pid) == started)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return None
    return True


def host_name() -> str:
    """Return the name of this machine."""
    uname = getattr(os, "uname", None)
    return str(uname().nodename) if uname else os.environ.get("COMPUTERNAME", "")


def _started(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])
