"""Planner: decides what a run of a pipeline would do with each task, from what the store holds. Changes no task."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from pyperunner_dag import (
    DAG,
    Options,
    OutputStore,
    Pipeline,
    PipelineError,
    Task,
    changed_outputs,
    has_passed,
    mapped_sources,
    member_of,
    members_of,
    refresh_hashes,
    task_of,
    with_own_stores,
)
from pyperunner_runner.errors import SelectionUnmet, UnknownPipelineTask
from pyperunner_runner.planning.cues.ages import aged
from pyperunner_runner.planning.cues.standing import StandingOutputs
from pyperunner_runner.planning.growth import GrownGraph, are_known, levels_of_maps, listing_from, tolerated
from pyperunner_runner.planning.reasons_to_run import Action, Decision, RunAnyway, plan, unmet
from pyperunner_runner.planning.selection import Labels, Selection, select
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from pyperunner_dag import Listing

__all__ = ["PlannedRun", "Planner", "left_alone", "runnable_dag"]


@light_dataclass(frozen=True)
class PlannedRun:
    """What a run of a pipeline would do.

    Attributes:
        dag: The tasks, each after its upstream tasks; of mapped ones the elements, as far as they are known.
        graph: The tasks as they were written.
        store: Where their outputs are kept.
        upstream: The names of each task's direct upstream tasks; in the order of ``dag``.
        selected: The names of the tasks that may run; ``None`` for all.
        decisions: What is done with each task, and why; in the order of ``dag``.
        unreadable: Stores that could not be asked, so that they count as empty, and why.
    """

    dag: GrownGraph
    graph: DAG[Task]
    store: OutputStore
    upstream: Mapping[str, Sequence[str]]
    selected: frozenset[str] | None
    decisions: Mapping[str, Decision]
    unreadable: Sequence[tuple[OutputStore, str]] = ()
    force: bool = False

    def names(self, *actions: Action) -> list[str]:
        """Return the names of the tasks for which one of the actions was decided."""
        return [name for name, decision in self.decisions.items() if decision.action in actions]

    @property
    def names_to_execute(self) -> list[str]:
        """Names of the tasks that are to be executed, as far as they are known: of mapped ones the elements."""
        return [name for name in self.names("run") if self.dag[name].mapping is None]

    def task(self, task: Task | str) -> Task:
        """Return a task of this run, or the one of its name; ``Hello`` stands for ``Hello()``.

        Raises:
            UnknownPipelineTask: There is none; the error gives similar names.
        """
        name = task.name if isinstance(task, Task) else task
        for known in (name, f"{name}()"):
            if known in self.decisions:
                return self.dag[known]
        from difflib import get_close_matches

        raise UnknownPipelineTask(name, tuple(get_close_matches(name, self.decisions, n=3, cutoff=0.5)))


class Planner:
    """Plans runs.

    Args:
        store: Where outputs are kept.
        code: What counts of the code where neither a task nor the pipeline says so.
    """

    def __init__(self, store: OutputStore, code: Options | None = None) -> None:
        self._store = store
        self._own: dict[str, OutputStore] = {}
        self._code = code

    def plan(
        self,
        pipeline: Pipeline,
        dag: DAG[Task],
        *,
        force: bool = False,
        selection: Selection | None = None,
        tolerant: bool = False,
    ) -> PlannedRun:
        """Hash the tasks of a pipeline and decide for each whether it runs, is loaded or is skipped.

        Args:
            pipeline: The pipeline.
            dag: Its graph.
            force: Run every task that is selected.
            selection: What was asked for; everything by default.
            tolerant: A store that cannot be asked counts as empty, and the plan says so.

        Raises:
            UnknownSelection: A pattern matches no task.
            OptionError: The store of a task can't be opened.
            OSError: The store cannot be asked; see ``tolerant``.
            SelectionUnmet: A selected task needs an output that is neither stored nor made by a selected task.
        """
        refresh_hashes(dag, pipeline.code_options(self._code))
        store = with_own_stores(self._store, dag, self._own)
        chosen = None
        if selection:
            written = {task.name: [up.name for up in dag.upstream(task)] for task in dag}
            chosen = select(selection, _labels(dag), written, some=True)
        stored = _Stored(store, tolerant)
        grown = GrownGraph(dag, partial(_standing, StandingOutputs(store), force, chosen))
        listing = listing_from(store)
        levels = levels_of_maps(dag)
        decisions: dict[str, Decision] = {}
        for number, level in enumerate(levels):
            fresh = list(_grow(grown, level, decisions, listing, stored))
            stored.look(fresh)
            last = number + 1 == len(levels)
            selected = select(selection, _labels(grown), grown.upstream) if selection and last else chosen
            decisions = _decide(grown, stored, selected, force)
        lacking = unmet(decisions, grown.upstream, missing=stored.missing, selected=selected)
        if lacking:
            first = next(name for name in grown.upstream if name in lacking)
            raise SelectionUnmet(first, tuple(lacking[first]), len(lacking) - 1)
        return PlannedRun(grown, dag, store, grown.upstream, selected, decisions, stored.unreadable, force)


class _Stored:
    """What the store has of the tasks of a graph."""

    def __init__(self, store: OutputStore, tolerant: bool) -> None:
        self.store, self._tolerant = store, tolerant
        self.unreadable: list[tuple[OutputStore, str]] = []
        self.missing: set[str] = set()
        self.changed: dict[str, str] = {}
        self.aged: dict[str, str] = {}
        self.unchecked: set[str] = set()
        self.held: set[str] = set()
        self.uncached: set[str] = set()

    def look(self, tasks: Iterable[Task]) -> None:
        """Look for the outputs of some tasks, in one trip to each store."""
        tasks = list(tasks)
        keys: dict[str, str] = {}
        alike: dict[str, list[str]] = {}  # by a task those of the same key: one pipeline may be included twice
        for task in tasks:
            if not task.options.cache:
                self.uncached.add(task.name)
            if task.held:
                self.held.add(task.name)
            elif not task.options.cache or task.identity.counted is None:
                self.missing.add(task.name)
            else:
                for key in task.entry_keys:
                    if (first := keys.setdefault(key, task.name)) is not task.name:
                        alike.setdefault(first, []).append(task.name)
        absent: set[str] = set()
        stale: dict[str, str] = {}
        for store in members_of(self.store):
            own = keys.keys() if store is self.store else [key for key in keys if member_of(self.store, key) is store]
            gone, faults = self._ask(store, own)
            absent.update(gone)
            stale.update(faults)
        self.changed.update({keys[key]: what for key, what in stale.items()})
        self.missing.update(map(keys.__getitem__, absent), map(keys.__getitem__, stale))
        for first, others in alike.items():
            self.missing.update(others if first in self.missing else ())
            self.changed.update(dict.fromkeys(others, self.changed[first]) if first in self.changed else {})
        asked = (t for t in tasks if t.options.check and t.name not in self.missing and not t.held)
        self.unchecked.update(task.name for task in asked if not has_passed(self.store, task))
        limited = (task for task in tasks if task.options.max_age is not None)
        self.aged.update(aged(self.store, (t for t in limited if t.name not in self.missing and not t.held)))

    def _ask(self, store: OutputStore, keys: Collection[str]) -> tuple[Collection[str], Mapping[str, str]]:
        """Return which keys a store does not have, and which it would refuse, with the reason."""
        if not keys or any(other is store for other, _ in self.unreadable):
            return keys, {}
        try:
            absent = set(store.missing(keys))
            return absent, changed_outputs(store, [key for key in keys if key not in absent])
        except OSError as error:
            if not self._tolerant:
                raise
            self.unreadable.append((store, str(error)))
            return keys, {}


def _standing(outputs: StandingOutputs, force: bool, chosen: frozenset[str] | None, task: Task) -> str | None:
    """Return the hash in the key of the output that stands for a task; none does for one that is to run anyway."""
    if task.options.rerun is None:
        return None
    asked = chosen is None or not chosen.isdisjoint({task.name, (task.of or task).name})
    return None if task.reload or (force and asked) else outputs.of(task)


def _labels(tasks: Iterable[Task]) -> list[Labels]:
    return [Labels(task.name, task.tag if task.of is None else "") for task in tasks]


def _grow(
    grown: GrownGraph,
    level: Iterable[Task],
    decisions: Mapping[str, Decision],
    listing: Callable[[Any], Listing],
    stored: _Stored,
) -> Iterator[Task]:
    """Add one level of a graph; yield what the store is to be asked for."""
    runs = {name for name, decision in decisions.items() if decision.action == "run"}
    missing = stored.missing
    for task in level:
        present = _decide_presence(grown, task, {*runs, *missing} if task.conditions else (), stored)
        if task.mapping is None:
            grown.add(task)
            if task.name in grown.absent:
                continue
            if not runs.isdisjoint(tolerated(task)):  # which of the elements succeed shows when they have run
                task.identity.entry = None
                grown.unknown.add(task.name)
            yield task
        else:
            over = [source for source in mapped_sources(task) if task_of(source).mapping is None]
            known = present and grown.unknown.isdisjoint(up.name for up in task.upstream)
            known = known and are_known(over, {*runs, *missing}, grown.unknown)
            first = set(grown.twins)
            elements = grown.add_map(task, listing if known else None)
            yield from (element for element in elements if element.name not in grown.twins or element.name in first)


def _decide_presence(grown: GrownGraph, task: Task, unmade: Collection[str], stored: _Stored) -> bool:
    """Find out whether a task has something to do; return whether it has, for certain."""
    if not task.identity.may_be_absent:
        task.identity.is_absent = False
        return True
    try:
        known = grown.decide_presence(task, stored.store, {*unmade, *grown.unknown, *grown.undecided})
    except KeyError:  # it is gone meanwhile, and is made again
        grown.undecided.add(task.name)
        known = False
    return known and task.name not in grown.absent


def _decide(grown: GrownGraph, stored: _Stored, selected: Collection[str] | None, force: bool) -> dict[str, Decision]:
    """Decide for every task of a graph that is known so far."""
    maps = {task.name: task for task in grown.maps if task.name in grown}
    elements = {element.name for task in maps.values() for element in task.elements or ()}
    decisions = plan(
        list(grown.upstream),
        grown.upstream,
        missing=stored.missing | (grown.unknown & maps.keys()),
        changed=stored.changed,
        aged=stored.aged,
        unchecked=stored.unchecked,
        reload={task.name for task in grown if task.reload and (task.mapping is None or task.name in grown.unknown)},
        held=stored.held | grown.twins.keys(),
        uncached=stored.uncached - maps.keys(),
        selected=selected,
        force=force,
        standing=grown.stands,
        absent=grown.absent,
        conditions=_conditions(grown),
        alone=elements | {task.name for task in grown if task.options.rerun is not None},
        gathers=maps.keys() - grown.unknown,
    )
    for name in grown.undecided & decisions.keys():
        if decisions[name].action == "run":
            decisions[name] = _if_present(grown[name], decisions[name])
    for name, first in grown.twins.items():
        if decisions[name].action != "skip":
            decisions[name] = Decision("load", f"equal to {first}")
    for name, task in maps.items():
        if decisions[name].action == "run":
            made = Decision("run", reason_of_map(task, decisions))
            decisions[name] = _if_present(task, made) if name in grown.undecided else made
    return decisions


def _conditions(grown: GrownGraph) -> dict[str, set[str]]:
    """Return for tasks with conditions those that are upstream of them for that alone."""
    found = {}
    for task in grown:
        if task.conditions and task.of is None:
            data = {up.name for up in task.upstream}
            found[task.name] = {task_of(source).name for source in task.conditions} - data
    return found


def _if_present(task: Task, decision: Decision) -> Decision:
    """Say that what was decided holds only if a condition, its own or one upstream, turns out to be true."""
    own = [source.name for source in task.conditions]
    words = f"if {' and '.join(own)} is true" if own else "if what it follows is not skipped"
    reason = f"{decision.reason}, {words}"
    return RunAnyway(reason) if decision.always else Decision("run", reason, decision.reuse)


def reason_of_map(task: Task, decisions: Mapping[str, Decision]) -> str:
    """Say how many elements of a mapped task run."""
    if task.elements is None:
        lists = [source.name for source in mapped_sources(task)] or [up.name for up in task.upstream]
        return f"as many as {' and '.join(lists)} returns" if lists else "its elements"
    runs = sum(decisions[element.name].action == "run" for element in task.elements)
    return f"{runs:,} of {len(task.elements):,} run"


def runnable_dag(pipeline: Pipeline) -> DAG[Task]:
    """Return the graph of a pipeline that can be run.

    Raises:
        ValueError: Names are not unique, or there is a cycle.
        PipelineError: The pipeline has no tasks.
    """
    dag = pipeline.dag()
    if not len(dag):
        raise PipelineError(f"pipeline {pipeline.name!r} is empty: add a task with pipeline.add(task)")
    return dag


@contextmanager
def left_alone(dag: DAG[Task]) -> Iterator[None]:
    """Have tasks be after the block what they were before, whatever runs in it."""
    before = {task: dict(vars(task)) for task in dag}
    try:
        yield
    finally:
        for task, state in before.items():
            vars(task).clear()
            vars(task).update(state)
