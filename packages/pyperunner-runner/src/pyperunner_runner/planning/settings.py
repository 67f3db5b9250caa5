"""What a run is told besides its pipeline and its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyperunner_dag import Options, Task
    from pyperunner_runner.executors.registry import ExecutorFactory
    from pyperunner_runner.plan import Decision
    from pyperunner_runner.ports import Audit

__all__ = ["Reconsider", "RunSettings"]

Reconsider = Callable[["Task", "Decision"], "Decision"]
"""Looks at a task that is about to run, all of whose upstream tasks have ended, and decides anew."""


@dataclass(frozen=True)
class RunSettings:
    """Settings of one run.

    Attributes:
        new_executor: Makes the executor when the first job starts.
        process_limit: How many jobs may run at once.
        start_method: How processes are made; empty for the platform's default.
        resources: How much there is of what tasks may ask for.
        code: What counts of the code where neither a task nor the pipeline says so.
        audit: What to do about files that tasks read without declaring them.
        fail_fast: Whether the first failure ends the run.
        grace: Seconds between asking a process to end and making it.
        early_cutoff: Whether a task whose inputs turn out to be identical is satisfied from the store.
        reconsider: Called just before a job starts; what it returns is done instead of what was planned.
    """

    new_executor: ExecutorFactory
    process_limit: int = 1
    start_method: str = ""
    resources: Mapping[str, float] = field(default_factory=dict)
    code: Options | None = None
    audit: Audit = "warn"
    fail_fast: bool = False
    grace: float = 2.0
    early_cutoff: bool = False
    reconsider: Reconsider | None = None
