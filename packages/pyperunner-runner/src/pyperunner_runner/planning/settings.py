"""Settings of a run: what it is told besides its pipeline and its plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from pyperunner_dag import Options
    from pyperunner_runner.ports import Audit, ExecutorFactory

__all__ = ["RunSettings"]


@light_dataclass(frozen=True)
class RunSettings:
    """Settings of one run.

    Attributes:
        new_executor: Makes the executor when the first job starts.
        process_limit: How many jobs may run at once.
        limit_is_chosen: Whether somebody has asked for that limit.
        start_method: How processes are made; empty for what is safe and fast where the run begins.
        resources: How much there is of what tasks may ask for.
        shared: Name under which other runs on this host share these; empty for this run's own.
        code: What counts of the code where neither a task nor the pipeline says so.
        audit: What to do about files that tasks read without declaring them.
        fail_fast: Whether the first failure ends the run.
        grace: Seconds between asking a process to end and making it.
        preload: Whether packages that tasks import by themselves are imported once for all processes, or which.
        displays: Whether a hook shows what tasks display.
        keep_unsaved: Whether outputs that the store does not take stay where they are kept when the process ends.
        aside: A store that takes all outputs, while inputs come from the run's own; empty where outputs go there, too.
        early_cutoff: Whether a task whose inputs turn out to be identical is satisfied from the store.

    Raises:
        ValueError: ``process_limit`` is less than 1, or ``audit`` is none of its words, or ``shared`` no name.
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
    preload: bool | Sequence[str] = True
    displays: bool = False
    keep_unsaved: bool = False
    shared: str = ""
    aside: str = ""
    limit_is_chosen: bool = False

    @property
    def places_resources(self) -> bool:
        """Whether the executor gives jobs to workers that have what they ask for and ``resources`` does not name."""
        return bool(getattr(self.new_executor, "places_resources", False))

    def with_limit(self, process_limit: int) -> RunSettings:
        """Return these settings with a limit that may have been changed since."""
        chosen = self.limit_is_chosen or process_limit != self.process_limit
        return replace(self, process_limit=process_limit, limit_is_chosen=chosen)

    def __post_init__(self) -> None:
        if self.process_limit < 1:
            raise ValueError(f"process_limit must be at least 1, not {self.process_limit}")
        if not isinstance(self.shared, str):
            raise ValueError(f"shared is a name, or the path of a folder, not {self.shared!r:.60}")
        if self.audit not in ("warn", "error", "off"):
            raise ValueError(f"audit is 'warn', 'error' or 'off', not {self.audit!r}")
