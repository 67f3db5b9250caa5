"""Own stores: tasks whose options name a store of their own, for their output alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import OptionError, StoreError, whose
from pyperunner_dag.nodes.parts import output_key
from pyperunner_dag.outputs.checks import checks_key
from pyperunner_dag.stores.opening import open_store
from pyperunner_dag.stores.routed import RoutedStore

if TYPE_CHECKING:
    from pyperunner_dag.ports import OutputStore

__all__ = ["with_own_stores"]


def with_own_stores(store: OutputStore, tasks: Iterable[Any], opened: dict[str, OutputStore]) -> OutputStore:
    """Return a store in which each task's output lies where its options say, all others in ``store``.

    Args:
        store: The store of tasks that have none of their own.
        tasks: The tasks.
        opened: Stores that are open already, by path or URL; those that are opened here are added.

    Raises:
        OptionError: A store can't be opened; or tasks that share their outputs are to keep them in different places.
    """
    places: dict[str, str | None] = {}
    routes: dict[str, OutputStore] = {}
    for task in tasks:
        place = task.options.store
        if places.setdefault(task.own_name, place) != place:
            problem = f"another task shares its outputs, under the name {task.own_name}, and keeps them elsewhere"
            raise OptionError(whose(task.task_name, task.tag), "store", problem)
        if place is not None and task.own_name not in routes:
            if place not in opened:
                opened[place] = _opened(task, place)
            routes.update(dict.fromkeys(_names(task), opened[place]))
    return RoutedStore(store, routes) if routes else store


def _opened(task: Any, place: str) -> OutputStore:
    try:
        return open_store(place)
    except (StoreError, ValueError, TypeError) as error:
        raise OptionError(whose(task.task_name, task.tag), "store", str(error)) from error


def _names(task: Any) -> list[str]:
    """Return the names in the keys of all that is stored of a task."""
    keys = [f"{task.own_name}/", *(output_key(f"{task.own_name}/", name) for name in task.outputs)]
    return [key.rpartition("/")[0] for key in (*keys, checks_key(keys[0]))]
