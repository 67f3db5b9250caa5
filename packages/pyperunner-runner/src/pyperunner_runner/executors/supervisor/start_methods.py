"""Start methods: how processes are made, by name, by platform, and by the threads that this process has."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from pyperunner_dag.ports import ForbidsFork
from pyperunner_runner.errors import UnknownStartMethod
from pyperunner_runner.processes.threads import is_patched, threads_that_matter

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore

__all__ = ["StartMethod", "choose_start_method", "known_start_method", "start_method_beside"]

_NAMED = 5  # threads in one line


class StartMethod(NamedTuple):
    """How the processes of a run are made.

    Attributes:
        name: ``fork``, ``forkserver`` or ``spawn``.
        asked: Whether somebody has asked for it by its name.
        threads: Names of threads that a copy of this process would miss, in words; empty where there are none.
    """

    name: str
    asked: bool
    threads: str


def known_start_method(name: str | None) -> str:
    """Return ``name`` if processes can be made in that way here; empty for ``None``, which leaves the choice open.

    Raises:
        UnknownStartMethod: They can't.
    """
    possible = ("fork", "forkserver", "spawn") if hasattr(os, "fork") else ("spawn",)
    if name and name not in possible:
        raise UnknownStartMethod(name, possible)
    return name or ""


def choose_start_method(name: str | None) -> StartMethod:
    """Return how processes are to be made, now that they are about to be.

    The choice does not follow that of ``multiprocessing``, which changes with the version of Python. On Linux it is
    ``fork``, and ``forkserver`` where this process has threads that a copy would miss, or gevent waits in the place of
    the system, in which a copy would wait without end, even if it is asked for; elsewhere ``spawn``, because
    the system libraries of macOS do not survive a fork and Windows has none.

    Raises:
        UnknownStartMethod: They can't be made as ``name`` says.
    """
    asked = known_start_method(name)
    if asked not in ("", "fork") or (sys.platform != "linux" and not asked):
        return StartMethod(asked or "spawn", bool(asked), "")
    if is_patched():
        return StartMethod("forkserver", True, "greenlets of gevent")
    found = threads_that_matter()
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    threads = ", ".join(found[:_NAMED]) + more
    return StartMethod(asked or ("forkserver" if threads else "fork"), bool(asked), threads)


def start_method_beside(store: OutputStore, name: str) -> str:
    """Return ``name``, or what does as well where ``store`` must not be used by a copy of this process.

    A fork server is a fresh interpreter that never opens the store; its copies do, each for itself.
    """
    forks = name == "fork" or (not name and sys.platform == "linux")
    return "forkserver" if forks and isinstance(store, ForbidsFork) and store.forbids_fork else name
