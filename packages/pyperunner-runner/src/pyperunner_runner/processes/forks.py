"""Forks: descriptors that processes forked from this one have no part in.

What runs in a forked process, a task above all, may write to each descriptor that it finds, and change what it shares
with this process, such as whether reading waits.
"""

from __future__ import annotations

import os
import signal
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from socket import socket

__all__ = ["keep_from_forks"]

_kept: weakref.WeakSet[socket] = weakref.WeakSet()


def keep_from_forks(*sockets: socket) -> None:
    """Have sockets closed in every process that is forked from this one."""
    _kept.update(sockets)


def _close_all() -> None:
    if not _kept:
        return
    before = signal.set_wakeup_fd(-1)
    if before not in {end.fileno() for end in _kept}:
        signal.set_wakeup_fd(before)
    for end in _kept:
        end.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_all)
