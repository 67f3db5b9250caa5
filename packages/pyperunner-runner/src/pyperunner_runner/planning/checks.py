"""Checks of a planned run, before any work starts: resources, limits, secrets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyperunner_dag import member_named
from pyperunner_dag.ports import SupportsCodecs, SupportsFormats
from pyperunner_results import strip_credentials
from pyperunner_runner.errors import CodecRefused, FormatRefused, ImpossibleResources, LimitTooLow
from pyperunner_runner.planning.resources import counted, impossible

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.planning.settings import RunSettings

__all__ = ["check", "location_of", "own_places"]

_LEAST_MEMORY = 32 << 20
"""What the process of a task that does nothing may take by itself, in bytes, with each start method."""


def check(planned: PlannedRun, settings: RunSettings) -> None:
    """Check that what is to be done can be done.

    Args:
        planned: The plan.
        settings: How to do it: how much there is of each resource, and who else has some.

    Raises:
        ImpossibleResources: A task asks for more of a resource than there is.
        LimitTooLow: A task has a memory limit that its process exceeds by itself.
        CodecRefused: A task's output is to be stored with a codec that there is not.
        FormatRefused: Or in a format that there is not.
        SecretNotSetError: A task that must run has a secret param without a value.
    """
    runs = [planned.dag[name] for name in planned.names("run")]
    executes = [planned.dag[name] for name in planned.names("run", "load")]
    capacity = settings.resources
    for task in executes:
        wanted = counted(task.options.resources, settings)
        resource = impossible(wanted, capacity)
        if resource is not None:
            raise ImpossibleResources(task.name, resource, wanted[resource], capacity.get(resource, 0))
    for task in executes:
        limit = task.options.memory_limit
        if limit is not None and limit < _LEAST_MEMORY:
            raise LimitTooLow(task.name, limit, _LEAST_MEMORY)
    for task in runs:
        task.assert_secrets_set()
        _check_how(member_named(planned.store, task.own_name), task)


def _check_how(store: OutputStore, task: Task) -> None:
    """Check that a store has the codec and the format that a task's output is to be stored with."""
    codec, form = task.options.codec, task.options.format
    if codec is not None:
        if not isinstance(store, SupportsCodecs):
            raise CodecRefused(task.name, codec, "its store knows no codecs")
        try:
            store.check_codec(codec)
        except (LookupError, ValueError) as error:
            raise CodecRefused(task.name, codec, str(error).rstrip(".")) from error
    if form is not None:
        if not isinstance(store, SupportsFormats):
            raise FormatRefused(task.name, form, "its store knows no formats")
        try:
            store.check_format(form)
        except (LookupError, ValueError) as error:
            raise FormatRefused(task.name, form, str(error).rstrip(".")) from error


def own_places(planned: PlannedRun) -> dict[str, str]:
    """Return where the outputs of tasks are kept that have a store of their own, by name."""
    own = (task for task in planned.graph if task.options.store is not None)
    return {task.name: location_of(member_named(planned.store, task.own_name)) for task in own}


def location_of(data_path: str | os.PathLike[str] | OutputStore) -> str:
    """Return what the record and errors say of where the outputs are: never a password."""
    if isinstance(data_path, (str, os.PathLike)):
        return strip_credentials(os.fspath(data_path))
    spec = data_path.spec()
    # No other process can open it, so there is no address; its repr could say anything.
    return strip_credentials(str(spec["url"])) if spec else f"object://{type(data_path).__qualname__}"
