"""A run from its plan to its end; and, for authors of executors, what carries out a job.

An executor of your own is a class that satisfies ``pyperunner_runner.ports.Executor``. It needs, from here,

- ``execute_job``: loads a job's inputs, runs its task, stores the output, and says what came of it;
- ``describe_failure``: turns an exception into a ``Failure`` that always travels;
- ``JobHandle``: what ``start`` returns;
- for other processes, ``pack_tasks`` and ``pack_job``, which pickle tasks so that closures and ``__main__`` travel too,
  ``PickledTasks`` and ``PackedJob`` on the other side, ``InterpreterState`` to make a fresh interpreter like this one,
  and ``forward_logging``, which sends the records of ``logging`` home.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_runner.child.failures import describe_failure as describe_failure
    from pyperunner_runner.child.job import execute_job as execute_job
    from pyperunner_runner.child.log_forwarding import ForwardingHandler as ForwardingHandler
    from pyperunner_runner.child.log_forwarding import forward_logging as forward_logging
    from pyperunner_runner.executors.supervisor.transport import InterpreterState as InterpreterState
    from pyperunner_runner.executors.supervisor.transport import PackedJob as PackedJob
    from pyperunner_runner.executors.supervisor.transport import PickledTasks as PickledTasks
    from pyperunner_runner.executors.supervisor.transport import pack_job as pack_job
    from pyperunner_runner.executors.supervisor.transport import pack_tasks as pack_tasks
    from pyperunner_runner.ports import JobHandle as JobHandle

_HOMES = {
    "ForwardingHandler": "child.log_forwarding",
    "InterpreterState": "executors.supervisor.transport",
    "JobHandle": "ports",
    "PackedJob": "executors.supervisor.transport",
    "PickledTasks": "executors.supervisor.transport",
    "describe_failure": "child.failures",
    "execute_job": "child.job",
    "forward_logging": "child.log_forwarding",
    "pack_job": "executors.supervisor.transport",
    "pack_tasks": "executors.supervisor.transport",
}

__all__ = [
    "ForwardingHandler",
    "InterpreterState",
    "JobHandle",
    "PackedJob",
    "PickledTasks",
    "describe_failure",
    "execute_job",
    "forward_logging",
    "pack_job",
    "pack_tasks",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"pyperunner_runner.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
