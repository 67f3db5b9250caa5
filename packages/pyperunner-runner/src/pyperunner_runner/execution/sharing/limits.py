"""Shared limits of one run: what its tasks take and give back, and when those that wait ask again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pyperunner_results import process_identity
from pyperunner_runner.planning.resources import Pool

if TYPE_CHECKING:
    from pyperunner_dag import Task
    from pyperunner_runner.execution.recorder import RunRecorder
    from pyperunner_runner.execution.sharing.ledger_file import LedgerFile
    from pyperunner_runner.execution.timers import Timers

__all__ = ["SharedLimits", "held"]

_AGAIN_SECONDS = 0.1
_FEW = 16


class SharedLimits:
    """What the tasks of one run take of limits that others share; of a run that shares none, nothing.

    Args:
        name: Of the limits; empty for none.
        capacity: How much there is of each resource.
        timers: Those of the run; the kind ``shared`` says that tasks which wait are to ask again.
        recorder: Gives what writes the run's record.

    Raises:
        SharedLimitsError: There can be no such limits.
    """

    def __init__(
        self,
        name: str,
        capacity: Mapping[str, float],
        timers: Timers,
        recorder: Callable[[], RunRecorder],
    ) -> None:
        self._file: LedgerFile | None = None
        if name:  # few runs share limits; the others do without the imports
            import secrets

            from pyperunner_runner.execution.sharing.ledger import Run
            from pyperunner_runner.execution.sharing.ledger_file import LedgerFile

            self._file, self._run = LedgerFile(name), Run(secrets.token_hex(8), "", {})
        self._capacity, self._timers, self._recorder = capacity, timers, recorder
        self._held: set[str] = set()
        self._returned: set[str] = set()
        self._waiting: dict[str, tuple[tuple[str, ...], str]] = {}
        self._refused: set[str] = set()

    def take(self, task: Task) -> bool:
        """Take what a task asks for, all of it; else let it wait, and say so."""
        if self._file is None or not task.options.resources:
            return True
        demand = Pool.demand(task.options.resources)
        if not self._refused.isdisjoint(task.options.resources):  # asked a moment ago, for another task
            self._wait(task, "")
            return False
        try:
            if not self._run.process:
                self._run = replace(self._run, name=self._recorder().folder.name, process=process_identity())
            with self._file.turn() as ledger:
                ledger.release(self._run.id, self._returned)
                self._returned.clear()
                lacking = ledger.take(self._run, task.name, demand, self._capacity, time.monotonic())
        except BlockingIOError:
            lacking = ["its turn"]
        except OSError as error:
            self._recorder().warn(f"limits are not shared as {self._file.name}: {error}")
            self._file = None
            return True
        if lacking:
            self._refused.update(task.options.resources)
            self._wait(task, "; ".join(lacking))
            return False
        self._held.add(task.name)
        if self._waiting.pop(task.name, ((), ""))[1]:
            self._recorder().task_queued(task.name, "")
        if self._waiting:  # there may be more of it
            self._timers.set("shared", "", time.monotonic())
        return True

    def release(self, task: str) -> None:
        """Give back what a task holds, if anything."""
        if task in self._held:
            self._held.discard(task)
            self._returned.add(task)
            self._give_back()

    def again(self) -> list[str]:
        """Return the tasks that are to ask again: of those that want the same, the first few."""
        self._give_back()
        self._refused.clear()
        alike: dict[tuple[str, ...], list[str]] = {}
        for task, (wanted, _) in self._waiting.items():
            alike.setdefault(wanted, []).append(task)
        return [task for tasks in alike.values() for task in tasks[:_FEW]]

    def close(self) -> None:
        """Give back everything."""
        file, self._file = self._file, None
        if file is not None and (self._held or self._returned or self._waiting):
            try:
                with file.turn() as ledger:
                    ledger.release(self._run.id)
            except OSError as error:  # it is taken back when this process has ended
                self._recorder().warn(f"what is shared as {file.name} is given back later: {error}")

    def _wait(self, task: Task, words: str) -> None:
        if words and not self._waiting.get(task.name, ((), ""))[1]:
            self._recorder().task_queued(task.name, words)
        self._waiting[task.name] = (tuple(sorted(task.options.resources)), words)
        self._timers.set("shared", "", time.monotonic() + _AGAIN_SECONDS)

    def _give_back(self) -> None:
        """Write down what has been given back; those that wait here may ask at once."""
        if not self._returned or self._file is None:
            return
        try:
            with self._file.turn() as ledger:
                ledger.release(self._run.id, self._returned)
        except OSError:
            self._timers.set("shared", "", time.monotonic() + _AGAIN_SECONDS)
            return
        self._returned.clear()
        if self._waiting:
            self._timers.set("shared", "", time.monotonic())


def held(name: str) -> list[str]:
    """Return who holds what of the limits shared under a name, in words.

    Raises:
        SharedLimitsError: There can be no such limits.
    """
    from pyperunner_runner.execution.sharing.ledger_file import LedgerFile

    with LedgerFile(name).turn() as ledger:
        return [
            f"{float(amount):g} {resource} by {task} of {run}"
            for run, task, demand in ledger.held
            for resource, amount in demand
        ]
