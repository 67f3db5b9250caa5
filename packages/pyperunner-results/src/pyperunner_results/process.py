"""Process identity: whether the process that wrote a record is still there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_results.former_names import formerly

if TYPE_CHECKING:
    from pyperunner_results.schema import ProcessIdentity

__all__ = ["host_name", "process_identity", "process_is_alive"]


@formerly("_process")
def process_identity() -> ProcessIdentity:
    """Return what tells this process from every other: host, pid and, on Linux, its start in ticks since boot.

    ``space`` says among which processes its pid means this one: those of one kernel that share a namespace.
    """
    pid = os.getpid()
    return {"host": host_name(), "space": _space(), "pid": pid, "started": _started(pid)}


@formerly("_process")
def process_is_alive(process: Mapping[str, object], host: str | None = None) -> bool | None:
    """Say whether the process of a :func:`process_identity` lives; ``None`` if that can't be known from here.

    It can't of a process on another host than ``host``, nor of one in another namespace of processes: hosts can have
    one name, and containers on one host know different processes by one pid.

    Args:
        process: What :func:`process_identity` returned in it.
        host: Name of this machine, if it was asked for already.
    """
    pid, started = process.get("pid"), process.get("started")
    if type(pid) is not int or pid <= 0 or process.get("host") != (host or host_name()):
        return None
    if process.get("space", _space()) != _space():  # 0.2.0 did not say it
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


def _space() -> str | None:
    try:
        return f"{_boot()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


@lru_cache(maxsize=1)
def _boot() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
        return boot.read().strip()


def _started(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])
