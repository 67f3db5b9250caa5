"""Growth of a graph: the elements of mapped tasks beside the tasks that were written, as far as they are known."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyperunner_dag import (
    Listing,
    MapError,
    Successes,
    expand,
    hash_of_elements,
    items_of,
    listing_of,
    mapped_sources,
    resolve,
    task_of,
)
from pyperunner_runner.planning.cues.conditions import false_condition, lacks, waits_for_conditions
from pyperunner_runner.planning.cues.values import value_of

if TYPE_CHECKING:
    from typing import Any

    from pyperunner_dag import DAG, OutputStore, Task

__all__ = ["GrownGraph", "are_known", "levels_of_maps", "listing_from", "tolerated"]


class GrownGraph:
    """The tasks of a graph, and of its mapped tasks the elements that are known.

    Args:
        graph: The graph as it was written.
        standing: Gives for a task the hash in the key of the output that stands for it, if one does.

    Attributes:
        graph: That graph.
        upstream: The names of each task's direct upstream tasks: of a mapped task its elements, or where these are not
            known what they wait for.
        unknown: Mapped tasks whose elements are not known, and tasks whose keys are not known because of that.
        twins: Elements that are equal to an earlier one of theirs, with its name.
        tolerant: Tasks that take what has succeeded of mapped ones, with the names of these.
        absent: Tasks that have nothing to do because a condition is false, with the reason in words.
        undecided: Tasks of which that is not known yet.
        stands: Tasks for which an output stands that has another key than they would have today.
    """

    def __init__(self, graph: DAG[Task], standing: Callable[[Task], str | None] = lambda task: None) -> None:
        self.graph = graph
        self._standing = standing
        self.stands: set[str] = set()
        self.absent: dict[str, str] = {}
        self.undecided: set[str] = set()
        self._tasks: dict[str, Task] = {}
        self.upstream: dict[str, Sequence[str]] = {}
        self.unknown: set[str] = set()
        self.twins: dict[str, str] = {}
        self.tolerant: dict[str, set[str]] = {}

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __len__(self) -> int:
        return len(self._tasks)

    def __getitem__(self, name: str) -> Task:
        return self._tasks[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    @property
    def nodes(self) -> tuple[Task, ...]:
        """All of them, each after its upstream tasks."""
        return tuple(self._tasks.values())

    @property
    def maps(self) -> list[Task]:
        """The mapped tasks."""
        return [task for task in self.graph if task.mapping is not None]

    def add(self, task: Task) -> None:
        """Add a task that is not mapped, and find its key where that is possible."""
        self._tasks[task.name] = task
        names = tuple([up.name for up in task.upstream])
        self.upstream[task.name] = tuple([up.name for up in task.awaited]) if task.conditions else names
        if partly := tolerated(task):
            self.tolerant[task.name] = partly
        if task.identity.is_open:
            task.identity.entry = None
            lacks_some = any(up.name in self.undecided for up in task.parents)
            if self.unknown.isdisjoint(names) and not lacks_some and task.name not in self.absent:
                self.resolve(task)
            else:
                self.unknown.add(task.name)

    def decide_presence(self, task: Task, store: OutputStore | None, unmade: Collection[str]) -> bool:
        """Find out whether a task has something to do, and note it; return whether that is known.

        Args:
            task: The task; all that comes before it has been looked at.
            store: Where the outputs of its conditions are; ``None`` for where these say.
            unmade: Names of tasks whose outputs are not there yet.

        Raises:
            ConditionError: What a condition puts out is neither true nor false.
            KeyError: The output of a condition is gone.
        """
        key = task.identity
        key.is_absent = False
        self.undecided.discard(task.name)
        if not key.may_be_absent:
            return True
        why = lacks(task, self.absent)
        if not why and (lacks(task, {*self.absent, *self.undecided}) or waits_for_conditions(task, unmade)):
            self.undecided.add(task.name)
            return False
        why = why or false_condition(store, task, self.absent)
        if why:
            self.absent[task.name] = why
            key.is_absent = True
        return True

    def resolve(self, task: Task) -> None:
        """Find the key of a task whose upstream is known: today's, or that of an output that stands for it."""
        resolve(task)
        today, standing = task.identity.entry, self._standing(task)
        if standing is not None:
            task.identity.entry = standing
            self.stands |= {task.name} if standing != today else set()

    def _let_stand(self, task: Task, elements: Iterable[Task]) -> None:
        """Find for the elements of a mapped task which outputs stand for them."""
        for element in elements:
            standing = self._standing(element)
            if standing is not None and standing != element.identity.hash:
                element.identity.is_open, element.identity.entry = True, standing
                self.stands.add(element.name)
        task.identity.entry = hash_of_elements(elements)

    def add_map(self, task: Task, listing: Callable[[Any], Listing] | None) -> list[Task]:
        """Add a mapped task with its elements, which are returned.

        Args:
            task: The mapped task.
            listing: Gives what is known of a stored list; ``None`` where not all of them are known.

        Raises:
            MapError: What it is mapped over is no list, or lengths differ.
        """
        if task.held:
            raise MapError(
                task.name, "an output given by hand stands for one task; give it to the one that makes the list"
            )
        task.elements = None
        task.identity.entry = None
        if listing is None:
            self._tasks[task.name] = task
            self.unknown.add(task.name)
            self.upstream[task.name] = self._awaited(task)
            return []
        elements = expand(task, listing)
        if task.options.rerun is not None:
            self._let_stand(task, elements)
        self.unknown.discard(task.name)
        self.undecided.discard(task.name)
        first: dict[str, str] = {}
        for element in elements:
            self._tasks[element.name] = element
            names = tuple([up.name for up in element.upstream])
            if element.options.cache:
                other = first.setdefault(element.identity.hash or "", element.name)
                if other is not element.name:
                    self.twins[element.name] = other
                    names = (*names, other)
            self.upstream[element.name] = names
        self._tasks[task.name] = task
        self.upstream[task.name] = [element.name for element in elements]
        return elements

    def _awaited(self, task: Task) -> list[str]:
        """Return what a mapped task waits for: of another that it is mapped over, what that one waits for."""
        over = {id(source) for source in mapped_sources(task)}
        found: dict[str, None] = {}
        for up in task.upstream:
            if up.mapping is not None and id(up) in over and up.name in self.unknown:
                found.update(dict.fromkeys(self._awaited(up)))
            elif up.mapping is None or id(up) not in over:
                found[up.name] = None
        found.update((task_of(source).name, None) for source in task.conditions)
        return list(found)


def tolerated(task: Task) -> set[str]:
    """Return the names of the mapped tasks of which a task takes what has succeeded."""
    if not task.has_parts:
        return set()
    return {source.task.name for source in task.sources if isinstance(source, Successes)}


def levels_of_maps(graph: DAG[Task]) -> list[list[Task]]:
    """Return the tasks of a graph by how many mapped and conditional ones lie before them, each in its order.

    What is needed to know one level is decided with the levels before it.
    """
    if all(task.mapping is None and not task.conditions for task in graph):
        return [list(graph)]
    level: dict[str, int] = {}
    found: list[list[Task]] = [[]]
    for task in graph:
        before = max((level[up.name] for up in graph.upstream(task)), default=0)
        waits = task.mapping is not None or bool(task.conditions or tolerated(task))
        level[task.name] = at = before + waits
        while len(found) <= at:
            found.append([])
        found[at].append(task)
    return found


def listing_from(store: OutputStore | None) -> Callable[[Any], Listing]:
    """Return what gives the listing of a stored list: from what is kept beside it, else from the list itself.

    Args:
        store: The store; ``None`` for that of the task which makes the list.
    """
    known: dict[Any, Listing] = {}

    def listing(source: Any) -> Listing:
        if source not in known:
            known[source] = _kept(store, source) or _read(store, source)
        return known[source]

    return listing


def _kept(store: OutputStore | None, source: Any) -> Listing | None:
    task = task_of(source)
    if task.held:
        return None
    found = (store or task.store).meta(task.key).get("elements")
    path = str(list(source.path)) if source is not task else "[]"
    return Listing.unpacked(found.get(path)) if isinstance(found, Mapping) else None


def _read(store: OutputStore | None, source: Any) -> Listing:
    value = value_of(store, source)
    items = items_of(value)
    if items is None:
        kind = type(value).__name__
        raise MapError(
            source.name, f"what it is, a {kind}, can't be mapped over: a list, a tuple, a dict or an array can"
        )
    return listing_of(items)


def are_known(sources: Iterable[Any], runs: Collection[str], unknown: Collection[str]) -> bool:
    """Return whether all lists are known: none is made in this run, or depends on one that is."""
    return all(task_of(source).name not in runs and task_of(source).name not in unknown for source in sources)
