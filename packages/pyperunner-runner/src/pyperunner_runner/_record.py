"""Keeps the record of one run while it goes on. What the folder looks like inside is the results package's affair."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_runner.events import (
    Hook,
    RunEvent,
    RunFinished,
    RunStarted,
    SupportsTick,
    TaskFinished,
    TaskOutput,
    TaskStarted,
    TaskWaiting,
)

if TYPE_CHECKING:
    from pyperunner_keys import Fingerprint
    from pyperunner_results import RunFolder, TaskLog
    from pyperunner_runner.ports import Ended, Logged

__all__ = ["Record"]

_MOST_DRAWN = 300
"""Beyond this many tasks a reader folds them into groups, and draws those in its own way."""


class Record:
    """Writes a run folder and tells the hooks; everything that happens in a run passes through here once.

    Args:
        folder: The run's folder.
        hooks: Called with every event; one that raises is warned of and left out from then on.
    """

    def __init__(self, folder: RunFolder, hooks: Iterable[Hook] = ()) -> None:
        self.folder = folder
        self._hooks = list(hooks)
        self._logs: dict[str, TaskLog] = {}
        self._code: set[str] = set()

    @property
    def ticking(self) -> bool:
        """Whether a hook wants to be called while time passes."""
        return any(isinstance(hook, SupportsTick) for hook in self._hooks)

    def tick(self, now: float) -> None:
        """Call the hooks that move with time; ``now`` in seconds of the monotonic clock."""
        for hook in self._hooks:
            if isinstance(hook, SupportsTick):
                hook.tick(now)

    def say(self, text: str, *, task: str = "-", level: str = "INFO") -> None:
        """Write a line of the runner's own."""
        self.folder.log(text, task=task, level=level)

    def run_started(
        self, pipeline: str, tasks: tuple[str, ...], to_execute: tuple[str, ...], layout: Mapping[str, Any]
    ) -> None:
        """Note that the plan stands and work begins.

        Args:
            pipeline: The pipeline's name.
            tasks: All tasks.
            to_execute: Those that run; not those whose output is only loaded.
            layout: The drawing of the graph, kept for readers that paint it.
        """
        counts = {"tasks": len(tasks), "to_execute": len(to_execute)}
        drawn = layout if len(tasks) <= _MOST_DRAWN else None
        self.folder.event("run_started", pipeline=pipeline, **counts, layout=drawn)
        self.say(f"run of {pipeline}: {len(tasks)} tasks, {len(to_execute)} to execute")
        self._tell(RunStarted(pipeline, self.folder.path, tasks, to_execute))

    def code(self, fingerprint: Fingerprint) -> None:
        """Note the text of the code that a task is made of, each part once per run."""
        if fingerprint.digest in self._code:
            return
        self._code.add(fingerprint.digest)
        for name, digest in fingerprint.parts.items():
            if digest not in self._code:
                self._code.add(digest)
                self.folder.event("code_part", name=name, digest=digest, source=fingerprint.sources.get(name))

    def task_started(self, task: str, attempt: int, pid: int | None, reason: str) -> None:
        """Note that a task's process has begun."""
        self._logs[task] = self.folder.task_log(task, attempt)
        self.folder.event("task_started", task=task, attempt=attempt, pid=pid, reason=reason, log=self._logs[task].file)
        self.folder.log(f"started: {reason}", task=task, process=pid)
        self._tell(TaskStarted(task, attempt, pid))

    def task_waiting(self, task: str, waiting: bool) -> None:
        """Note that a task waits for another run that makes the same output, or goes on."""
        self.say("waits for another run that makes the same output" if waiting else "goes on", task=task)
        self._tell(TaskWaiting(task, waiting))

    def task_output(self, line: Logged) -> None:
        """Note a line that a task printed or logged."""
        log = self._logs.get(line.task)
        if log is not None:
            log.log(line.text, level=line.level, process=line.pid, stream=line.stream, when=line.when)
        if self._hooks:
            self._tell(TaskOutput(line.task, line.stream, line.level, line.text))

    def task_finished(self, event: TaskFinished, ended: Ended | None, **facts: Any) -> None:
        """Note what became of a task.

        Args:
            event: What the hooks are told.
            ended: The figures of its process, if it had one.
            **facts: More for the record.
        """
        if ended is not None:
            facts |= {
                "exit": ended.exit.code,
                "cpu": ended.exit.cpu,
                "max_rss": ended.exit.max_rss,
                "size": ended.outcome.size,
                "digest": ended.outcome.digest,
                "undeclared": list(ended.outcome.undeclared) or None,
            }
        if event.seconds:
            now = time.time()
            facts |= {"start": round(now - event.seconds, 6), "end": round(now, 6), "wall": round(event.seconds, 6)}
        self.folder.event(
            "task_finished",
            task=event.task,
            attempt=event.attempt,
            status=event.status,
            reason=event.reason,
            error=event.error or None,
            **facts,
        )
        text = event.status.lower().replace("_", " ") + (f" after {event.seconds:.3f} s" if event.attempt else "")
        level = "ERROR" if event.status == "FAILURE" else "WARNING" if event.status == "CANT_RUN" else "INFO"
        self.say(f"{text}: {event.error or event.reason}", task=event.task, level=level)
        log = self._logs.pop(event.task, None)
        if log is not None:
            log.close()
        self._tell(event)

    def run_finished(self, statuses: Mapping[str, str], seconds: float, interrupted: bool, picture: str | None) -> None:
        """Complete the record and close it."""
        if picture is not None:
            self.folder.write_picture(picture)
        counts = {status: list(statuses.values()).count(status) for status in dict.fromkeys(statuses.values())}
        self.say("interrupted" if interrupted else f"finished after {seconds:.3f} s", level="INFO")
        self.folder.event("run_finished", wall=seconds, interrupted=interrupted, tasks=counts)
        self.folder.finish({"tasks": counts, **({"state": "interrupted"} if interrupted else {})})
        self._tell(RunFinished(statuses, seconds, interrupted))
        self.close()

    def close(self) -> None:
        """Close the folder's files."""
        for log in self._logs.values():
            log.close()
        self.folder.close()

    def _tell(self, event: RunEvent) -> None:
        for hook in list(self._hooks):
            try:
                hook(event)
            except Exception as error:
                self._hooks.remove(hook)
                message = f"hook {hook!r} failed and is left out: {type(error).__name__}: {error}"
                self.say(message, level="WARNING")
                warnings.warn(message, RuntimeWarning, stacklevel=2)
