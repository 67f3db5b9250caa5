"""Recorder of a run: writes the run folder and tells the hooks. What the folder looks like is the results package's."""

from __future__ import annotations

import logging
import os
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyperunner_dag import known_key
from pyperunner_dag.secret import known_secrets
from pyperunner_results import RunFolder, get_environment_info, run_section
from pyperunner_results.run_files import REPORT_FILE
from pyperunner_runner.events import (
    Hook,
    RunFinished,
    RunStarted,
    TaskDisplayed,
    TaskFinished,
    TaskOutput,
    TaskQueued,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from pyperunner_runner.execution.hooks import Hooks, installed_hooks
from pyperunner_runner.ports import Displayed
from pyperunner_text import __version__
from pyperunner_text.masking import SHORTEST, Masking
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag import Task
    from pyperunner_keys import Fingerprint
    from pyperunner_results import PipelineResult, TaskLog
    from pyperunner_results.schema import Figures, TaskFinishedEvent, TaskStartedEvent, Times
    from pyperunner_results.writing.packed_text import PackedText
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.ports import Ended, Logged, Started

__all__ = ["RunRecorder"]

_LAST_LINES = 20
_CHARACTERS = 500  # of one of the last lines


_logger = logging.getLogger("pyperunner")
"""Tells whoever runs a pipeline from a program; errors are on stderr unless logging is configured otherwise."""


class RunRecorder:
    """Writes down what happens in one run; all of it passes through here once, and loses the secrets that are in it.

    Args:
        log_path: Folder in which the run gets a folder of its own, which is made here.
        pipeline: The pipeline's name.
        installed: Whether installed hooks are told, too.
        hooks: Called with every event; one that raises is warned of and left out from then on.

    Attributes:
        folder: The run's folder.
    """

    def __init__(self, log_path: str, pipeline: str, hooks: Iterable[Hook] = (), *, installed: bool = True) -> None:
        masking = Masking(known_secrets())
        self.folder = RunFolder.create(log_path, pipeline, masking=masking)
        self._conf: PackedText | None = None
        self._log_path = log_path
        self._pipeline = pipeline
        self._mask = masking.text
        self._hooks = Hooks([*hooks, *(installed_hooks(self.warn) if installed else ())], self.warn)
        self._logs: dict[str, TaskLog] = {}
        self._last_lines: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=_LAST_LINES))
        self._code: set[str] = set()
        self._together = False
        if masking.too_short:
            self.warn(f"{masking.too_short} of the secrets have fewer than {SHORTEST} characters and are not masked")

    @property
    def ticking(self) -> bool:
        """Whether a hook wants to be called while time passes."""
        return self._hooks.ticking

    def tick(self, now: float) -> None:
        """Call the hooks that move with time; ``now`` in seconds of the monotonic clock."""
        self._hooks.tick(now)

    def say(self, text: str, task: str = "-", level: str = "INFO", *, later: bool = False) -> None:
        """Write a line of the runner's own into the log."""
        self.folder.log(text, task=task, level=level, later=later)

    def warn(self, text: str) -> None:
        """Write a warning into the log."""
        self.say(text, level="WARNING")

    def write_pipeline(
        self,
        pipeline: Mapping[str, Any],
        data_path: str,
        mainfile: str | os.PathLike[str] | None,
        storage_options: Mapping[str, Any] | None = None,
        notes: Mapping[str, Any] | None = None,
        stores: Mapping[str, str] | None = None,
    ) -> None:
        """Write ``pipeline.yaml``: the pipeline, and under ``run`` the paths, the host and the environment.

        Args:
            pipeline: The pipeline's YAML form.
            data_path: Where its outputs are kept, in words.
            mainfile: The user's main file; by default the program that was started.
            storage_options: With which a remote store was opened.
            stores: Of tasks that have a store of their own, where that is.
            notes: Further facts for that section; none takes the place of what is there.
        """
        env = get_environment_info(mainfile)
        section = run_section(data_path, self._log_path, env, __version__, storage_options, stores)
        conf = self.folder.masking.value({**pipeline, "run": {**(notes or {}), **section}})
        self._conf = self.folder.write_pipeline(conf)

    @property
    def conf(self) -> Callable[[], Mapping[str, Any]] | None:
        """What returns what ``pipeline.yaml`` says; ``None`` before it is written."""
        return None if self._conf is None else self._conf.read_yaml

    # -- of the run ------------------------------------------------------------------------------------------------

    def run_started(self, planned: PlannedRun, layout: Mapping[str, Any] | None) -> None:
        """Record that the plan stands and work begins.

        Args:
            planned: The plan.
            layout: The drawing of the graph, kept for readers that paint it task by task.
        """
        tasks, to_execute = tuple(planned.decisions), tuple(planned.names_to_execute)
        self.folder.record(
            {
                "kind": "run_started",
                "pipeline": self._pipeline,
                "tasks": len(tasks),
                "to_execute": len(to_execute),
                "layout": layout,
            }
        )
        text = f"run of {self._pipeline}: {len(tasks)} tasks, {len(to_execute)} to execute"
        self.say(text)
        _logger.info(visible(text))
        self._hooks.tell(RunStarted(self._pipeline, self.folder.path, tasks, to_execute))

    def run_finished(
        self, statuses: Mapping[str, str], seconds: float, interrupted: bool, picture: Iterable[str]
    ) -> None:
        """Complete the record and close it.

        Args:
            statuses: Name of the status of every task.
            seconds: Wall time of the run.
            interrupted: Whether a signal ended it early.
            picture: The graph coloured by status, as pieces of an SVG text.
        """
        self.folder.write_picture(picture)
        counts = {status: list(statuses.values()).count(status) for status in dict.fromkeys(statuses.values())}
        text = "interrupted" if interrupted else f"finished after {seconds:.3f} s"
        self.say(text)
        _logger.info("run of %s: %s", visible(self._pipeline), text)
        self.folder.record({"kind": "run_finished", "wall": seconds, "interrupted": interrupted, "tasks": counts})
        self.folder.finish({"tasks": counts, "state": "interrupted"} if interrupted else {"tasks": counts})
        self._hooks.tell(RunFinished(statuses, seconds, interrupted))
        for log in self._logs.values():
            log.close()
        self.folder.close()

    def write_report(self, results: PipelineResult) -> None:
        """Write the report of the run, if its folder is still there and takes it."""
        from pyperunner_results import NotARun, write_report

        try:
            write_report(results, outputs=False)  # the runner holds none
        except (OSError, NotARun) as error:
            self.folder.lost(REPORT_FILE, error)

    # -- of a task that runs ---------------------------------------------------------------------------------------

    def task_started(self, started: Started, attempt: int, reason: str) -> None:
        """Record that a task's process has begun."""
        task, pid, host = started.task, started.pid, started.host
        log = self._logs[task] = self.folder.task_log(task, attempt)
        event: TaskStartedEvent = {
            "kind": "task_started",
            "task": task,
            "attempt": attempt,
            "pid": pid,
            "reason": reason,
            "log": log.file,
        }
        if host:
            event["host"] = host
        self.folder.record(event)
        self.folder.log(f"started{f' on {host}' if host else ''}: {reason}", task=task, process=pid)
        self._hooks.tell(TaskStarted(task, attempt, pid, host))

    def task_waiting(self, task: str, waiting: bool) -> None:
        """Record that a task waits for another run that makes the same output, or goes on."""
        self.say("waits for another run that makes the same output" if waiting else "goes on", task)
        self._hooks.tell(TaskWaiting(task, waiting))

    def task_queued(self, task: str, what: str) -> None:
        """Record that a task that could start waits for what other runs hold, or goes on, if that is empty."""
        self.say(f"waits for {what}" if what else "goes on", task)
        self._hooks.tell(TaskQueued(task, what))

    def task_output(self, said: Logged | Displayed) -> None:
        """Record lines that a task printed or logged, or a line of the executor's own; tell of what one displayed."""
        if isinstance(said, Displayed):
            mask = self.folder.masking.value
            self._hooks.tell(TaskDisplayed(said.task, mask(dict(said.data)), mask(dict(said.metadata))))
            return
        if said.task == "-":
            self.say(said.text, level=said.level)
            return
        if said.passing:
            text = self.folder.masking.beginning(said.text)
            self._hooks.tell(TaskOutput(said.task, said.stream, said.level, text, passing=True))
            return
        text = self._mask(said.text)
        lines = text.split("\n") if self._hooks else text.rsplit("\n", _LAST_LINES)[-_LAST_LINES:]
        self._last_lines[said.task].extend(
            line if len(line) <= _CHARACTERS else f"{line[:_CHARACTERS]}…" for line in lines[-_LAST_LINES:]
        )
        log = self._logs.get(said.task)
        if log is not None:
            log.log(f"{text}\n", level=said.level, process=said.pid, stream=said.stream, when=said.when)
        if self._hooks:
            for line in lines:
                self._hooks.tell(TaskOutput(said.task, said.stream, said.level, line))

    def task_retried(self, event: TaskRetried, traceback: str, ended: Ended, uss_peak: int | None) -> None:
        """Record that an attempt has failed and another follows.

        Args:
            event: What the hooks are told.
            traceback: Text of the attempt's traceback.
            ended: The figures of its process.
            uss_peak: Most memory of its own that it was seen to use, in bytes.
        """
        event = replace(event, error=self._mask(event.error))
        self._log_exception(event.task, traceback or event.error)
        self.folder.record(
            {
                "kind": "task_retried",
                "task": event.task,
                "attempt": event.attempt,
                "status": "FAILURE",
                "error": event.error,
                "uss_peak": uss_peak,
                "traceback": traceback or None,
                "wait": event.wait,
                **_figures(ended),
                **_times(event.seconds),
            }
        )
        how, then = ("was lost", "handed over again") if ended.exit.lost else ("failed", f"next in {event.wait:g} s")
        text = f"attempt {event.attempt} {how} after {event.seconds:.3f} s, {then}: {event.error}"
        self.say(text, event.task, "WARNING")
        self._close_log(event.task)
        self._hooks.tell(event)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write what becomes of tasks for which nothing is started together, at the latest when this ends."""
        self._together = True
        try:
            yield
        finally:
            self._together = False
            self.folder.flush()

    # -- of a task that is over ------------------------------------------------------------------------------------

    def task_finished(
        self,
        task: Task,
        reason: str,
        *,
        error: str = "",
        seconds: float = 0.0,
        ended: Ended | None = None,
        uss_peak: int | None = None,
    ) -> None:
        """Record what became of a task whose status and result are set.

        Args:
            task: The task.
            reason: Why it ran, or did not.
            error: One line that says what went wrong.
            seconds: Wall time from start to end.
            ended: The figures of its process, if it had one.
            uss_peak: Most memory of its own that it was seen to use, in bytes.
        """
        attempt, undeclared = (ended.attempt, tuple(ended.outcome.undeclared)) if ended else (0, ())
        error, name, status = self._mask(error), task.name, task.status.name
        traceback = task.result.traceback if error and task.result is not None else ""
        self._code_of(task.fingerprint())
        if error and task.result is not None:
            task.result.traceback = self._log_exception(task.name, traceback or error)
        facts: TaskFinishedEvent = {
            "kind": "task_finished",
            "task": name,
            "attempt": attempt,
            "status": status,
            "reason": reason,
            "error": error or None,
            "key": known_key(task),
            "parts": task.key_parts(),
            "uss_peak": uss_peak,
            "traceback": traceback or None,
        }
        if task.mapping is not None and task.elements is not None:
            numbered = task.elements_are_numbered
            facts["elements"] = len(task.elements) if numbered else [element.label for element in task.elements]
        times = _times(seconds) if seconds else {}
        later = self._together and ended is None
        self.folder.record({**facts, **times} if ended is None else {**facts, **_figures(ended), **times}, later=later)
        text = status.lower().replace("_", " ") + (f" after {seconds:.3f} s" if attempt else "")
        level = "ERROR" if status == "FAILURE" else "WARNING" if status == "CANT_RUN" else "INFO"
        self.say(f"{text}: {error or reason}", name, level, later=later)
        if status == "FAILURE":
            where = self.folder.exception_file
            _logger.error("%s failed: %s (traceback in %s)", visible(name), visible(error), where)
        if undeclared:
            self.say(f"read without declaring it: {', '.join(undeclared)}", name, "WARNING")
        self._close_log(name)
        if self._hooks:
            self._hooks.tell(TaskFinished(name, attempt, status, seconds, reason, error, undeclared))

    def _code_of(self, fingerprint: Fingerprint) -> None:
        """Record the text of the code that a task is made of, each part once per run."""
        if fingerprint.digest in self._code:
            return
        self._code.add(fingerprint.digest)
        for name, digest in fingerprint.parts.items():
            if digest not in self._code:
                self._code.add(digest)
                source = fingerprint.sources.get(name)
                self.folder.record({"kind": "code_part", "name": name, "digest": digest, "source": source})

    def _log_exception(self, task: str, text: str) -> str:
        """Write an error down, with the last lines that the task has printed; return what was written."""
        lines, log = self._last_lines.pop(task, ()), self._logs.get(task)
        whole = self._mask(text.rstrip("\n"))
        if lines:
            heading = f"The last lines of {log.path if log else self.folder.log_file}:"
            whole = "\n".join([whole, heading, *(f"    {line}" for line in lines)])
        self.folder.log_exception(task, whole)
        return whole

    def _close_log(self, task: str) -> None:
        self._last_lines.pop(task, None)
        log = self._logs.pop(task, None)
        if log is not None:
            log.close()


def _figures(ended: Ended) -> Figures:
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
        "lost": bool(ended.exit.lost) or None,
    }


def _times(seconds: float) -> Times:
    now = time.time()
    return {"start": round(now - seconds, 6), "end": round(now, 6), "wall": round(seconds, 6)}
