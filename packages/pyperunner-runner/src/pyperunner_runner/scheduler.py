"""Scheduler: which task may start next. A state machine without I/O, clock or process: events in, decisions out.

Every task is in one state. Tasks wait until all their upstream tasks are settled, are then handed out by
``next_ready`` as soon as the resources they ask for are free, and end as done, failed or unable to run. A task may be
put off and come back later. A settled task whose output turns out to be missing or damaged goes back to the start,
once.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum

from pyperunner_runner.planning.resources import Demand, Pool

__all__ = ["Scheduler", "State"]


class State(Enum):
    """Where a task stands in a run."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DELAYED = "delayed"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANT_RUN = "can't run"

    @property
    def settled(self) -> bool:
        """Whether the task's output is there for those that need it."""
        return self in _SETTLED

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the task by itself."""
        return self in _ENDED


_SETTLED = frozenset((State.DONE, State.SKIPPED))
_ENDED = _SETTLED | {State.FAILED, State.CANT_RUN}
_FAILED = frozenset((State.FAILED, State.CANT_RUN))
_PENDING = frozenset((State.WAITING, State.READY, State.DELAYED))


class Scheduler:
    """Holds the state of every task of one run.

    Args:
        upstream: The direct upstream tasks of each task, each once; the order of the tasks is the tie-breaker among
            ready ones, so give it sorted topologically.
        rank: Of the ready tasks whose resources are free, that of the smallest rank goes first; 0 by default.
        priorities: What counts before the rank: that of the greatest goes first; 0 by default.
        unmetered: Tasks that are only loaded or passed over: they take no resources and go before all others.
        demands: What tasks ask for while they run, by resource.
        capacity: How much there is of each resource. No demand may be larger.
        never_remade: Tasks that are never made again.
        gathers: Tasks that stand for all their upstream tasks: they wait until each of these has ended, however.
        unexpanded: Those of them whose tasks are not known yet: they follow what decides that, as others do.
        tolerant: Tasks that start although gathers before them are incomplete, with the names of these.
    """

    def __init__(
        self,
        upstream: Mapping[str, Sequence[str]],
        rank: Mapping[str, float] | None = None,
        *,
        priorities: Mapping[str, float] | None = None,
        unmetered: Collection[str] = (),
        demands: Mapping[str, Mapping[str, float]] | None = None,
        capacity: Mapping[str, float] | None = None,
        never_remade: Collection[str] = (),
        gathers: Collection[str] = (),
        unexpanded: Collection[str] = (),
        tolerant: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._upstream = dict(upstream)
        self._gathers = frozenset(gathers)
        self._tolerant = tolerant or {}
        self._grown = {name: frozenset(self._upstream[name]) for name in self._gathers - set(unexpanded)}
        self._downstream: dict[str, Sequence[str]] = {}  # of very many tasks, most have one or none
        for name, parents in self._upstream.items():
            self._follow(name, parents)
        self._index = {name: index for index, name in enumerate(self._upstream)}
        self._rank, self._priorities = rank or {}, priorities or {}
        self._unmetered = set(unmetered)
        self._never_remade = frozenset(never_remade)
        self._pool = Pool(capacity or {})
        self._demands = {name: self._pool.demand(wanted) for name, wanted in (demands or {}).items()}
        self.states = dict.fromkeys(self._upstream, State.WAITING)
        self._open = len(self.states)
        self._blockers = {name: len(parents) for name, parents in self._upstream.items()}
        self._ready: dict[Demand, list[tuple[bool, float, float, int, str]]] = {}
        self._remade: set[str] = set()
        self._events = 0
        self._handed_out: dict[str, int] = {}  # of tasks that have not ended
        self._settled_at: dict[str, int] = {}  # of tasks that were made again
        for name, blockers in self._blockers.items():
            if not blockers:
                self._make_ready(name)

    @property
    def finished(self) -> bool:
        """Whether every task has ended."""
        return self._open == 0

    @property
    def startable(self) -> int:
        """How many tasks are ready whose resources are free, each for itself."""
        return sum(len(heap) for demand, heap in self._ready.items() if self._pool.fits(demand))

    def next_ready(self) -> str | None:
        """Hand out the best of the ready tasks whose resources are free, and count it as running.

        Returns:
            Its name, ``None`` if there is none.
        """
        best: list[tuple[bool, float, float, int, str]] | None = None
        wanted: Demand = ()
        for demand, heap in list(self._ready.items()):
            while heap and self.states[heap[0][-1]] is not State.READY:
                heapq.heappop(heap)
            if not heap:
                del self._ready[demand]
            elif (best is None or heap[0] < best[0]) and self._pool.fits(demand):
                best, wanted = heap, demand
        if best is None:
            return None
        name = heapq.heappop(best)[-1]
        self._set(name, State.RUNNING)
        self._pool.take(name, wanted)
        self._handed_out[name] = self._tick()
        return name

    def give_back(self, name: str) -> None:
        """Return a task that was handed out but could not be started; it is ready again."""
        self._make_ready(name)

    def delay(self, name: str) -> None:
        """Put off a running task: it holds no resources and is not ready until ``resume``."""
        self._set(name, State.DELAYED)

    def resume(self, name: str) -> None:
        """Let a task that was put off be ready again; does nothing if it has ended meanwhile."""
        if self.states[name] is State.DELAYED:
            self._wait(name)

    def succeed(self, name: str) -> None:
        """Count a task as done, by having run or by a stored output that stands for it."""
        self._settle(name, State.DONE)

    def skip(self, name: str) -> None:
        """Count a task as passed over; those that follow it may start."""
        self._settle(name, State.SKIPPED)

    def fail(self, name: str) -> list[str]:
        """Count a task as failed; return its descendants, which can't run any more."""
        self._unsettle(name)
        self._set(name, State.FAILED)
        return self._block(name)

    def fail_gather(self, name: str) -> list[str]:
        """Count a gather as incomplete; return those of its descendants which can't run any more."""
        self._set(name, State.CANT_RUN)
        return self._block(name)

    def grow(
        self, name: str, upstream: Mapping[str, Sequence[str]], demands: Mapping[str, Mapping[str, float]] | None = None
    ) -> None:
        """Let a gather that was handed out wait for new tasks.

        Args:
            name: The gather.
            upstream: The direct upstream tasks of each of the new tasks.
            demands: What these ask for while they run.
        """
        first = len(self._index)
        self._demands.update({new: self._pool.demand(wanted) for new, wanted in (demands or {}).items()})
        for at, (new, parents) in enumerate(upstream.items()):
            self._upstream[new] = parents
            self._index[new] = first + at
            self._follow(name, [new])
            self.states[new] = State.WAITING
            self._follow(new, parents)
            self._blockers[new] = sum(not self.states[parent].settled for parent in parents)
        self._open += len(upstream)
        self._upstream[name] = list(upstream)
        self._grown[name] = frozenset(upstream)
        self._blockers[name] = len(upstream)
        self._wait(name)
        for new, parents in upstream.items():
            if any(self.states[parent] in _FAILED for parent in parents):
                self._set(new, State.CANT_RUN)
                self._block(new)
            elif not self._blockers[new]:
                self._make_ready(new)

    def cancel_waiting(self) -> list[str]:
        """Let nothing more start; return the tasks that can't run because of it."""
        names = [name for name, state in self.states.items() if state in _PENDING]
        for name in names:
            self._set(name, State.CANT_RUN)
        return names

    def remake(self, name: str, inputs: Sequence[str]) -> bool:
        """Send a running task back because the outputs of some of its upstream tasks are missing or damaged.

        The makers run again, and the task after them.

        Args:
            name: The task that could not load its inputs.
            inputs: The upstream tasks without a usable output.

        Returns:
            ``False`` if one of them was already made again before the task started, or can't be made; then nothing
            changes.
        """
        if self._blocked(name) or any(self._blocked(maker) or self._made_since(maker, name) for maker in inputs):
            return False
        if not self.may_remake(inputs):
            return False
        for maker in inputs:
            if maker not in self._remade and self.states[maker].settled:
                self._remade.add(maker)
                self._unmetered.discard(maker)
                gathers = [child for child in self._downstream.get(maker, ()) if self._is_settled_gather(child)]
                self._unsettle(maker)
                self._wait(maker)
                for gather in gathers:
                    self._unsettle(gather)
                    self._set(gather, State.WAITING)
        self._wait(name)
        return True

    def may_remake(self, makers: Sequence[str]) -> bool:
        """Whether none of the tasks is one of those that are never made again."""
        return self._never_remade.isdisjoint(makers)

    def remade(self, name: str) -> bool:
        """Whether the task was sent back by ``remake``, so that it must run whatever the plan said."""
        return name in self._remade

    def let_go(self) -> None:
        """Forget what only a run under way needs, which of very many tasks is much. Nothing is handed out any more."""
        for known in (self._upstream, self._downstream, self._index, self._blockers, self._ready):
            known.clear()

    def _is_settled_gather(self, name: str) -> bool:
        return name in self._gathers and self.states[name].settled

    def _blocked(self, name: str) -> bool:
        """Whether the task can't run any more, because it or an upstream task failed."""
        tolerated = self._tolerant.get(name, ())
        return any(self.states[task] in _FAILED for task in (name, *self._upstream[name]) if task not in tolerated)

    def _made_since(self, maker: str, child: str) -> bool:
        """Whether the maker's output was new when the child started, so that making it once more would not help."""
        return (
            maker in self._remade
            and self.states[maker].settled
            and self._settled_at[maker] < self._handed_out.get(child, 0)
        )

    def _follow(self, name: str, parents: Iterable[str]) -> None:
        for parent in parents:
            known = self._downstream.get(parent)
            if isinstance(known, list):
                known.append(name)
            else:
                self._downstream[parent] = [*known, name] if known else (name,)

    def _tick(self) -> int:
        self._events += 1
        return self._events

    def _set(self, name: str, state: State) -> None:
        before = self.states[name]
        if before is State.RUNNING:
            self._pool.release(name)
        self._open += before.ended - state.ended
        self.states[name] = state

    def _wait(self, name: str) -> None:
        """Let a task start as soon as all its upstream tasks are settled."""
        if self._blockers[name]:
            self._set(name, State.WAITING)
        else:
            self._make_ready(name)

    def _make_ready(self, name: str) -> None:
        self._set(name, State.READY)
        free = name in self._unmetered
        heap = self._ready.setdefault(() if free else self._demands.get(name, ()), [])
        priority, rank = self._priorities.get(name, 0), self._rank.get(name, 0.0)
        heapq.heappush(heap, (not free, -priority, rank, self._index[name], name))

    def _settle(self, name: str, state: State) -> None:
        was_settled = self.states[name].settled
        self._set(name, state)
        self._handed_out.pop(name, None)
        if name in self._remade:
            self._settled_at[name] = self._tick()
        if was_settled:
            return
        for child in self._downstream.get(name, ()):
            self._blockers[child] -= 1
            if not self._blockers[child] and self.states[child] is State.WAITING:
                self._make_ready(child)

    def _unsettle(self, name: str) -> None:
        if not self.states[name].settled:
            return
        for child in self._downstream.get(name, ()):
            self._blockers[child] += 1
            if self.states[child] is State.READY:
                self._set(child, State.WAITING)

    def _block(self, name: str) -> list[str]:
        blocked: list[str] = []
        pending = deque((name, child) for child in self._downstream.get(name, ()))
        while pending:
            parent, child = pending.popleft()
            if self.states[child] not in _PENDING:
                continue
            if self._goes_on_without(child, parent):
                self._blockers[child] -= 1
                if not self._blockers[child]:
                    self._make_ready(child)
                continue
            self._set(child, State.CANT_RUN)
            blocked.append(child)
            pending.extend((child, below) for below in self._downstream.get(child, ()))
        return blocked

    def _goes_on_without(self, child: str, parent: str) -> bool:
        """Whether a task starts although what it follows has failed: a gather, or one that takes what it has got."""
        if child in self._gathers:
            return parent in self._grown.get(child, ())
        return parent in self._tolerant.get(child, ()) and parent in self._grown
