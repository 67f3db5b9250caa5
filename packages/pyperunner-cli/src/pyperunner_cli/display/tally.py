"""What is said at the end of a run: how many tasks were executed, what failed and why, where the results are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyperunner_cli.text import duration, listing, relative, visible
from pyperunner_runner.events import RunFinished, RunStarted, TaskFinished

if TYPE_CHECKING:
    from pyperunner_runner.events import RunEvent

__all__ = ["Tally"]

_FAILURES = 20  # failed tasks that are listed with their causes


class Tally:
    """A hook that keeps what the closing summary needs."""

    def __init__(self) -> None:
        self._folder = ""
        self._executed: set[str] = set()
        self._errors: dict[str, str] = {}
        self._undeclared: dict[str, tuple[str, ...]] = {}
        self._end: RunFinished | None = None

    def __call__(self, event: RunEvent) -> None:
        """Count what an event says."""
        if isinstance(event, RunStarted):
            self._folder = event.run_folder
        elif isinstance(event, TaskFinished):
            if event.attempt:
                self._executed.add(event.task)
            if event.error:
                self._errors[event.task] = event.error
            if event.undeclared:
                self._undeclared[event.task] = event.undeclared
        elif isinstance(event, RunFinished):
            self._end = event

    @property
    def has_news(self) -> bool:
        """Whether anything was executed, or went wrong."""
        return bool(self._executed or self._errors or self.exit_code)

    @property
    def exit_code(self) -> int:
        """1 if a task failed or could not run, else 0."""
        return int(bool(self._of("FAILURE") or self._of("CANT_RUN")))

    def lines(self) -> Iterator[str]:
        """Yield the summary, nothing if the run never began."""
        if self._end is None:
            return
        yield f"{self._counts()} in {duration(self._end.seconds)}{' (interrupted)' if self._end.interrupted else ''}"
        failed, cant_run = self._of("FAILURE"), self._of("CANT_RUN")
        if failed:
            yield "failed:"
            yield from self._failures(failed)
        if cant_run:
            yield f"could not run: {listing(cant_run)}"
        if self._undeclared:
            yield "read, but not declared with File(…) or Folder(…), so a change would not be noticed:"
            for name, files in self._undeclared.items():
                yield f"  {visible(name)}: {listing([relative(file) for file in files])}"
        yield f"results: {relative(self._folder)}"

    def _counts(self) -> str:
        failed, cant_run, waiting = self._of("FAILURE"), self._of("CANT_RUN"), self._of("NOT_STARTED")
        succeeded = self._of("SUCCESS")
        executed = sum(name in self._executed for name in succeeded)
        skipped = len(succeeded) - executed + len(self._of("SKIPPED"))
        counts = [f"{executed} executed", f"{skipped} skipped"]
        counts += [f"{len(failed)} failed"] if failed else []
        counts += [f"{len(cant_run)} could not run"] if cant_run else []
        counts += [f"{len(waiting)} not started"] if waiting else []
        return ", ".join(counts)

    def _of(self, status: str) -> list[str]:
        return [name for name, found in self._end.statuses.items() if found == status] if self._end else []

    def _failures(self, names: list[str]) -> Iterator[str]:
        logs = self._logs(names[:_FAILURES])
        for name in names[:_FAILURES]:
            yield f"  {visible(name)}: {visible(self._errors.get(name) or 'no cause was recorded')}"
            yield f"    {relative(logs.get(name) or os.path.join(self._folder, 'exception.log'))}"
        if len(names) > _FAILURES:
            yield f"  and {len(names) - _FAILURES} more"

    def _logs(self, names: list[str]) -> dict[str, str | None]:
        from pyperunner_results import NotARun, PipelineResult

        try:
            record = PipelineResult.from_file(self._folder)
            return {name: record.task(name).log_file for name in names}
        except (OSError, NotARun):  # the folder was removed meanwhile, or its disk is full
            return {}
