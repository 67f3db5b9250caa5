"""Ledger of shared limits: who holds what, and who waits for it. Pure.

A run takes all that a task asks for, or nothing and a ticket. While a ticket is in the ledger, nobody who comes later
takes of the same resources. So the earliest ticket waits for what is held alone, and what is held is given back: nobody
waits in a circle, and nobody for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_runner.planning.resources import Demand

__all__ = ["Ledger", "Run", "Ticket"]

STALE_SECONDS = 5.0
"""After so long without a look, a ticket keeps nobody else waiting: its run is stopped, or has no room for the task."""


@dataclass(frozen=True)
class Run:
    """A run that shares limits.

    Attributes:
        id: Tells it from all others.
        name: What people call it.
        process: Its process, as ``pyperunner_results.process_identity`` says it.
    """

    id: str
    name: str
    process: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name} (process {self.process.get('pid')})"


@dataclass
class Ticket:
    """A place in the queue for some resources.

    Attributes:
        run: Whose it is.
        resources: What it is for.
        number: Its place.
        seen: When its run has looked last, in seconds of the monotonic clock.
    """

    run: Run
    resources: tuple[str, ...]
    number: int
    seen: float


@dataclass
class Ledger:
    """What is held and what is waited for.

    Attributes:
        held: By run and task what it holds.
        tickets: Places in the queue.
        next: Number of the next ticket.
    """

    held: list[tuple[Run, str, Demand]] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    next: int = 1

    def take(self, run: Run, task: str, demand: Demand, capacity: Mapping[str, float], now: float) -> list[str]:
        """Let a task hold what it asks for, all of it, if that is free and nobody has come earlier.

        Args:
            run: The task's run.
            task: The task's name.
            demand: What it asks for.
            capacity: How much there is of each resource, as its run says.
            now: In seconds of the monotonic clock.

        Returns:
            Nothing if it holds it; else what it waits for, in words, and its run has a ticket.
        """
        wanted = tuple(resource for resource, _ in demand)
        own = next((each for each in self.tickets if each.run.id == run.id and each.resources == wanted), None)
        lacking = [words for resource, amount in demand if (words := self._lack(resource, amount, capacity))]
        before = [each for each in self.tickets if self._is_before(each, own, run, wanted, now)]
        lacking += [f"{each.run}, which has waited longer for {', '.join(each.resources)}" for each in before]
        if not lacking:
            self.held.append((run, task, demand))
            self.tickets = [each for each in self.tickets if each is not own]
        elif own is None:
            self.tickets.append(Ticket(run, wanted, self.next, now))
            self.next += 1
        else:
            own.seen = now
        return lacking

    def release(self, run: str, tasks: Iterable[str] | None = None) -> None:
        """Take back what tasks of a run hold; without ``tasks`` all that the run has, tickets too."""
        gone = None if tasks is None else set(tasks)
        self.held = [each for each in self.held if each[0].id != run or (gone is not None and each[1] not in gone)]
        if gone is None:
            self.tickets = [each for each in self.tickets if each.run.id != run]

    def forget(self, is_alive: Callable[[Run], bool]) -> None:
        """Take back what runs have whose processes have ended."""
        runs = {run.id: run for run in (*(each[0] for each in self.held), *(each.run for each in self.tickets))}
        for run in runs.values():
            if not is_alive(run):
                self.release(run.id)

    def _lack(self, resource: str, amount: Fraction, capacity: Mapping[str, float]) -> str:
        """Return why so much of a resource is not free, in words; empty where it is."""
        holders = [(run, dict(demand)[resource]) for run, _, demand in self.held if resource in dict(demand)]
        taken = sum((held for _, held in holders), Fraction(0))
        there = Fraction(str(capacity.get(resource, 0)))
        if taken + amount <= there:
            return ""
        who = ", ".join(dict.fromkeys(str(run) for run, _ in holders))
        return f"{resource}, of which {float(taken):g} of {float(there):g} is held by {who}"

    @staticmethod
    def _is_before(ticket: Ticket, own: Ticket | None, run: Run, wanted: tuple[str, ...], now: float) -> bool:
        if ticket.run.id == run.id or set(wanted).isdisjoint(ticket.resources):
            return False
        is_waiting = 0 <= now - ticket.seen <= STALE_SECONDS
        return is_waiting and (own is None or ticket.number < own.number)
