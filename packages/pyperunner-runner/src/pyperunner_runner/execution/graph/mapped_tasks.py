"""Mapped tasks of a run: they grow when what they are mapped over is known, and end when all their elements have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyperunner_dag import Element, Task, has_passed, mapped_sources, mapped_steps, member_named, members_of, task_of
from pyperunner_runner.planning.cues.ages import aged
from pyperunner_runner.planning.cues.values import value_of
from pyperunner_runner.planning.growth import listing_from
from pyperunner_runner.planning.reasons_to_run import CheckAgain, Decision, RunAnyway
from pyperunner_text.gc_paused import gc_paused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from typing import Any

    from pyperunner_dag import OutputStore
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.provenance.early_cutoff import EarlierElements
    from pyperunner_runner.scheduler import Scheduler

__all__ = ["MappedTasks", "make_ready"]

_SMALL = 4 << 20
"""Bytes in the store up to which a list is loaded here once, so that each job gets its element instead of the list."""
_HIT = Decision("load", "up to date")
_NEW = Decision("run", "new element", reuse=True)
_FORCED = RunAnyway("forced")


class MappedTasks:
    """The mapped tasks of one run, and what follows from them.

    Args:
        planned: The plan; its graph grows.
        decisions: What is done with each task; it grows, too.
        scheduler: Says what may start.
    """

    def __init__(self, planned: PlannedRun, decisions: dict[str, Decision], scheduler: Scheduler) -> None:
        self._planned = planned
        self._decisions = decisions
        self._scheduler = scheduler
        self._listing = listing_from(None)  # where they are by now
        self._values: dict[Any, Any] = {}
        self._earlier: EarlierElements | None = None
        for task in planned.dag.maps:
            self._give_values(task.elements or ())

    def is_unknown(self, task: Task) -> bool:
        """Whether the elements of a mapped task are yet to be made."""
        return task.name in self._planned.dag.unknown

    def is_sent(self, task: Task) -> bool:
        """Whether a task's job has to bring the task along: the executor's session does not have it as it is now."""
        return task.of is not None or task.identity.is_open

    def meta(self, task: Task) -> dict[str, Any]:
        """Return what is to be stored beside a list that others are mapped over: which parts of it they are."""
        steps = mapped_steps(task, task.children)
        return {"elements": steps} if steps else {}

    @gc_paused()
    def grow(self, task: Task) -> list[Task]:
        """Make the elements of a mapped task, and of those that it is mapped over; let it wait for them.

        Raises:
            MapError: What it is mapped over is no list, or lengths differ.
            KeyError: A list is gone from the store.
        """
        made: list[Task] = []
        for source in mapped_sources(task):
            before = task_of(source)
            if before.mapping is not None and self.is_unknown(before):
                made += self.grow(before)
        dag = self._planned.dag
        elements = dag.add_map(task, self._listing)
        self._give_values(elements)
        self._decide(task, elements)
        upstream = {element.name: dag.upstream[element.name] for element in elements}
        demands = {element.name: task.options.resources for element in elements} if task.options.resources else {}
        self._scheduler.grow(task.name, upstream, demands)
        return made + elements

    def is_passed_over(self, task: Task) -> bool:
        """Whether a mapped task is not to be run, so that nobody needs to know its elements."""
        absent = self.absence(task)
        if absent is not None:
            self._decisions[task.name] = absent
        return self._decisions[task.name].action == "skip"

    def absence(self, task: Task) -> Decision | None:
        """Return that a task is skipped because a condition is false, here or upstream; ``None`` where it is not.

        Raises:
            ConditionError: What a condition puts out is neither true nor false.
            KeyError: The output of a condition is gone.
        """
        dag = self._planned.dag
        if task.name in dag.undecided:
            for up in task.upstream:  # of mapped tasks, what is mapped over these may come first
                if up.mapping is not None:
                    self.absence(up)
            dag.decide_presence(task, None, ())
        why = dag.absent.get(task.name)
        return None if why is None else Decision("skip", why)

    def lacking(self, task: Task) -> list[str]:
        """Return the elements of a mapped task, all of which have ended, that have no output."""
        return [element.name for element in task.elements or () if element.status.why_no_output]

    def decide(self, task: Task) -> Decision | None:
        """Return what is to be done with a task whose key was not known when the run was planned; ``None`` for others.

        All that it follows has ended by now.
        """
        planned = self._planned
        if (absent := self.absence(task)) is not None:
            return absent
        if task.name not in planned.dag.unknown or task.mapping is not None:
            return None
        planned.dag.unknown.discard(task.name)
        planned.dag.resolve(task)
        before = self._decisions[task.name]
        if planned.force or task.reload or before.action != "run" or task.held or not task.options.cache:
            return before
        if task.name in planned.dag.stands:
            return Decision("load", "rerun='never' lets an earlier output stand")
        ran = [up.name for up in task.upstream if self._ran(up)]
        if ran:
            return Decision("run", f"upstream {ran[0]} runs")
        if self._missing(task.entry_keys):
            return Decision("run", "no stored output", reuse=True)
        old = aged(planned.store, [task])
        return RunAnyway(old[task.name]) if old else self._hit(task)

    def find_equal_output(self, task: Task) -> Decision | None:
        """See ``pyperunner_runner.provenance.early_cutoff``."""
        from pyperunner_runner.provenance.early_cutoff import EarlierElements, find_equal_output

        if self._earlier is None:
            self._earlier = EarlierElements()
        return find_equal_output(task, self._earlier)

    def _hit(self, task: Task) -> Decision:
        """Return what is done with a task that has a stored output."""
        return _HIT if has_passed(self._planned.store, task) else CheckAgain()

    def _missing(self, keys: Collection[str]) -> Collection[str]:
        """Return those of the keys that are not stored; of a store that cannot be asked, all."""
        try:
            return self._planned.store.missing(keys)
        except OSError:
            return keys

    def _ran(self, task: Task) -> bool:
        if task.mapping is None:
            return self._decisions[task.name].action == "run"
        succeeded = (element for element in task.elements or () if not element.status.why_no_output)
        return any(self._decisions[element.name].action == "run" for element in succeeded)

    def _decide(self, task: Task, elements: list[Task]) -> None:
        planned = self._planned
        decision = self._decisions[task.name]
        if decision.action == "skip":  # it is not selected, and one that is mapped over it is
            self._decisions.update({element.name: decision for element in elements})
            return
        differ = (element for element in elements if element.name not in planned.dag.twins)
        keys = {key: element.name for element in differ for key in element.entry_keys}
        absent = {keys[key] for key in self._missing(keys)} if task.options.cache else {*keys.values()}
        runs = _FORCED if planned.force else RunAnyway("reload=True") if task.reload else None
        old = aged(planned.store, (element for element in elements if element.name not in absent))
        for element in elements:
            first = planned.dag.twins.get(element.name)
            if first is not None:
                self._decisions[element.name] = Decision("load", f"equal to {first}")
            elif runs or element.name in absent:
                self._decisions[element.name] = runs or _NEW
            else:
                is_old = element.name in old
                self._decisions[element.name] = RunAnyway(old[element.name]) if is_old else self._hit(element)

    def _give_values(self, elements: Iterable[Task]) -> None:
        """Give the elements of small lists their values, so that they travel with the jobs."""
        for element in elements:
            for source in element.sources:
                if isinstance(source, Element):
                    values = self._values_of(source.source)
                    if values is not None:
                        source.value = values[source.index]

    def _values_of(self, source: Any) -> Any:
        if source not in self._values:
            self._values[source] = self._load(source)
        return self._values[source]

    def _load(self, source: Any) -> Any:
        from pyperunner_dag import items_of

        try:
            if task_of(source).store.meta(source.key).get("size", _SMALL) >= _SMALL:
                return None
            items = items_of(value_of(None, source))
        except KeyError:  # the job finds out, and has it made again
            return None
        return None if items is None else items.values


def make_ready(tasks: Iterable[Task], store: OutputStore) -> None:
    """Bind tasks to the store of a run that begins, and forget what they came to in another."""
    places = {id(member): str((member.spec() or {}).get("url", "")) for member in members_of(store)}
    for task in tasks:
        task.bind(store, places[id(member_named(store, task.own_name))])
        task.status = Task.Status.NOT_STARTED
        task.result = None
