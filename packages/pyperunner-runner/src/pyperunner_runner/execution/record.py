"""Keeps the record of one run while it goes on. What the folder looks like inside is the results package's affair."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_runner.events import (
    Hook,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from pyperunner_runner.execution.hooks import Hooks, installed_hooks
from pyperunner_runner.execution.tails import Tails

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
        self._hooks = Hooks([*hooks, *installed_hooks(self._warn)], self._warn)
        self._tails = Tails()
        self._logs: dict[str, TaskLog] = {}
        self._code: set[str] = set()

    @property
    def ticking(self) -> bool:
        """Whether a hook wants to be called while time passes."""
        return self._hooks.ticking

    def tick(self, now: float) -> None:
        """Call the hooks that move with time; ``now`` in seconds of the monotonic clock."""
        self._hooks.tick(now)

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
        self._hooks.tell(RunStarted(pipeline, self.folder.path, tasks, to_execute))

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
        self._hooks.tell(TaskStarted(task, attempt, pid))

    def task_waiting(self, task: str, waiting: bool) -> None:
        """Note that a task waits for another run that makes the same output, or goes on."""
        self.say("waits for another run that makes the same output" if waiting else "goes on", task=task)
        self._hooks.tell(TaskWaiting(task, waiting))

    def task_output(self, line: Logged) -> None:
        """Note a line that a task printed or logged."""
        self._tails.add(line.task, line.text)
        log = self._logs.get(line.task)
        if log is not None:
            log.log(line.text, level=line.level, process=line.pid, stream=line.stream, when=line.when)
        if self._hooks:
            self._hooks.tell(TaskOutput(line.task, line.stream, line.level, line.text))

    def tail(self, task: str) -> list[str]:
        """Return the last lines that a task has printed, and the file in which all of them are, if there are any."""
        lines, log = self._tails.take(task), self._logs.get(task)
        return lines and [f"The last lines of {log.path if log else self.folder.log_file}:", *map(_indented, lines)]

    def task_retried(self, event: TaskRetried, ended: Ended, **facts: Any) -> None:
        """Note that an attempt has failed and another follows.

        Args:
            event: What the hooks are told.
            ended: The figures of the attempt's process.
            **facts: More for the record.
        """
        facts |= {"wait": event.wait, **_figures(ended), **_times(event.seconds)}
        self.folder.event(
            "task_retried", task=event.task, attempt=event.attempt, status="FAILURE", error=event.error, **facts
        )
        text = f"attempt {event.attempt} failed after {event.seconds:.3f} s, next in {event.wait:g} s: {event.error}"
        self.say(text, task=event.task, level="WARNING")
        self._close_log(event.task)
        self._hooks.tell(event)

    def task_finished(self, event: TaskFinished, ended: Ended | None, **facts: Any) -> None:
        """Note what became of a task.

        Args:
            event: What the hooks are told.
            ended: The figures of its process, if it had one.
            **facts: More for the record.
        """
        if ended is not None:
            facts |= _figures(ended)
        if event.seconds:
            facts |= _times(event.seconds)
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
        if event.undeclared:
            self.say(f"read without declaring it: {', '.join(event.undeclared)}", task=event.task, level="WARNING")
        self._close_log(event.task)
        self._hooks.tell(event)

    def run_finished(self, statuses: Mapping[str, str], seconds: float, interrupted: bool, picture: str | None) -> None:
        """Complete the record and close it."""
        if picture is not None:
            self.folder.write_picture(picture)
        counts = {status: list(statuses.values()).count(status) for status in dict.fromkeys(statuses.values())}
        self.say("interrupted" if interrupted else f"finished after {seconds:.3f} s", level="INFO")
        self.folder.event("run_finished", wall=seconds, interrupted=interrupted, tasks=counts)
        self.folder.finish({"tasks": counts, **({"state": "interrupted"} if interrupted else {})})
        self._hooks.tell(RunFinished(statuses, seconds, interrupted))
        self.close()

    def close(self) -> None:
        """Close the folder's files."""
        for log in self._logs.values():
            log.close()
        self.folder.close()

    def _close_log(self, task: str) -> None:
        self._tails.take(task)
        log = self._logs.pop(task, None)
        if log is not None:
            log.close()

    def _warn(self, message: str) -> None:
        self.say(message, level="WARNING")


def _figures(ended: Ended) -> dict[str, Any]:
    return {
        "exit": ended.exit.code,
        "cpu": ended.exit.cpu,
        "max_rss": ended.exit.max_rss,
        "read": ended.exit.read,
        "written": ended.exit.written,
        "oom": ended.exit.oom,
        "size": ended.outcome.size,
        "digest": ended.outcome.digest,
        "undeclared": list(ended.outcome.undeclared) or None,
    }


def _times(seconds: float) -> dict[str, float]:
    now = time.time()
    return {"start": round(now - seconds, 6), "end": round(now, 6), "wall": round(seconds, 6)}


def _indented(line: str) -> str:
    return f"    {line}"
