"""What is looked at before any work starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyperunner_dag.ports import SupportsProbe
from pyperunner_runner._errors import ImpossibleResources, LimitTooLow, StoreNotWritable
from pyperunner_runner.planning.resources import impossible

if TYPE_CHECKING:
    from pyperunner_dag import DAG, OutputStore, Task
    from pyperunner_runner.plan import Decision

__all__ = ["check_limits", "check_resources", "check_secrets", "check_store"]

_LEAST_MEMORY = 32 << 20
"""What the process of a task that does nothing may take by itself, in bytes, with each start method."""


def check_limits(dag: DAG[Task], decisions: Mapping[str, Decision]) -> None:
    """Check that no task that will run has a memory limit that its process exceeds by itself.

    Raises:
        LimitTooLow: One has; the error names it.
    """
    for task in dag:
        limit = task.options.memory_limit
        if limit is not None and limit < _LEAST_MEMORY and decisions[task.name].action != "skip":
            raise LimitTooLow(task.name, limit, _LEAST_MEMORY)


def check_store(store: OutputStore, location: str, decisions: Mapping[str, Decision]) -> None:
    """Check that the outputs of the tasks that will run can be stored; a run of hits only needs no writable store.

    Raises:
        StoreNotWritable: They can't.
    """
    runs = any(decision.action == "run" for decision in decisions.values())
    if runs and isinstance(store, SupportsProbe):
        try:
            store.probe()
        except OSError as error:
            raise StoreNotWritable(location, error.strerror or str(error)) from error


def check_secrets(dag: DAG[Task], decisions: Mapping[str, Decision]) -> None:
    """Check that the secret params of the tasks that will run have values.

    Raises:
        SecretNotSetError: One has not; the error names task, param and environment variable.
    """
    for task in dag:
        if decisions[task.name].action == "run":
            task.assert_secrets_set()


def check_resources(dag: DAG[Task], decisions: Mapping[str, Decision], capacity: Mapping[str, float]) -> None:
    """Check that no task that will run asks for more of a resource than there is.

    Raises:
        ImpossibleResources: One does; the error names it.
    """
    for task in dag:
        wanted = task.options.resources
        if wanted and decisions[task.name].action != "skip":
            resource = impossible(wanted, capacity)
            if resource is not None:
                raise ImpossibleResources(task.name, resource, wanted[resource], capacity.get(resource, 0))
