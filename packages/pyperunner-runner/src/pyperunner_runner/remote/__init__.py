"""Tasks on other machines, whatever carries bytes there and back: agents, and the executor that gives them jobs.

An *agent* is a fresh interpreter on a worker's machine, which carries out jobs with the executor ``process`` or
``pool`` as it is there. ``serve`` is all of it; ``pack`` is what it must be told of a run. On the runner's side
``RemoteExecutor`` speaks with agents through ``Workers``, of which there is one for each kind of cluster.

Both sides run code that the other sends: whoever can write to a channel can do what the user can. So what carries the
bytes must know whom it speaks with, as the TLS of a cluster's own engine does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_runner.remote.agent import serve as serve
    from pyperunner_runner.remote.channel import KEEP_ALIVE as KEEP_ALIVE
    from pyperunner_runner.remote.channel import Channel as Channel
    from pyperunner_runner.remote.channel import SocketChannel as SocketChannel
    from pyperunner_runner.remote.errors import ClusterLost as ClusterLost
    from pyperunner_runner.remote.errors import WorkersUnfit as WorkersUnfit
    from pyperunner_runner.remote.executor import RemoteExecutor as RemoteExecutor
    from pyperunner_runner.remote.packing import pack as pack
    from pyperunner_runner.remote.workers import Joined as Joined
    from pyperunner_runner.remote.workers import Left as Left
    from pyperunner_runner.remote.workers import Received as Received
    from pyperunner_runner.remote.workers import SupportsDemand as SupportsDemand
    from pyperunner_runner.remote.workers import Workers as Workers

_HOMES = {
    "KEEP_ALIVE": "channel",
    "Channel": "channel",
    "ClusterLost": "errors",
    "Joined": "workers",
    "Left": "workers",
    "Received": "workers",
    "RemoteExecutor": "executor",
    "SocketChannel": "channel",
    "SupportsDemand": "workers",
    "Workers": "workers",
    "WorkersUnfit": "errors",
    "pack": "packing",
    "serve": "agent",
}

__all__ = [
    "KEEP_ALIVE",
    "Channel",
    "ClusterLost",
    "Joined",
    "Left",
    "Received",
    "RemoteExecutor",
    "SocketChannel",
    "SupportsDemand",
    "Workers",
    "WorkersUnfit",
    "pack",
    "serve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
