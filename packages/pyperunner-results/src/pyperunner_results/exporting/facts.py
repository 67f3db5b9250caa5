"""Facts of a run, as every exported form tells them: tasks, what each was given and made, when, and by what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from pyperunner_results.errors import NotARun
from pyperunner_results.shape import as_mapping, as_mappings

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult
    from pyperunner_results.reading.task_result import TaskResult

__all__ = ["Packages", "RunFacts", "TaskFacts", "encoded", "facts_of", "when"]

Packages = list[tuple[str, str]]
_ENDED = {"SUCCESS": "CompletedActionStatus", "FAILURE": "FailedActionStatus"}


class TaskFacts(NamedTuple):
    """What is told of a task.

    Attributes:
        name: Its name.
        tool: Name of its class; tasks of a class have the same code.
        key: Of its output.
        digest: Of its output as stored, empty where it made none in this run.
        params: Its params as text, by name.
        upstream: Names of the tasks whose outputs it was given.
        executed: Whether it was carried out in this run; else its output was there.
        start: Epoch seconds; ``None`` where nothing was carried out.
        end: The same.
        status: How it ended.
        error: What it raised.
        module: Where its code is.
        code: Digest of its code.
    """

    name: str
    tool: str
    key: str
    digest: str
    params: Mapping[str, str]
    upstream: tuple[str, ...]
    executed: bool
    start: float | None
    end: float | None
    status: str
    error: str
    module: str
    code: str

    @property
    def action_status(self) -> str:
        """How it ended, in the words of schema.org."""
        return f"http://schema.org/{_ENDED.get(self.status, 'FailedActionStatus')}"


class RunFacts(NamedTuple):
    """What is told of a run; attributes as in its record."""

    label: str
    pipeline: str
    version: str
    start: float
    end: float | None
    state: str
    host: Mapping[str, Any]
    packages: Packages
    tasks: list[TaskFacts]

    @property
    def last(self) -> list[TaskFacts]:
        """The tasks that nothing follows from."""
        followed = {name for task in self.tasks for name in task.upstream}
        return [task for task in self.tasks if task.name not in followed]


def facts_of(results: PipelineResult) -> RunFacts:
    """Return the facts of a run.

    Raises:
        NotARun: There is no record of it.
    """
    from pyperunner_results.report.graph import upstream_of

    record = results.record
    if record is None or not results.run_folder:
        raise NotARun(results.label, "it has no record")
    names = list(results)
    upstream = upstream_of(results.conf["tasks"])
    before = {name: tuple(names[number] for number in upstream[place]) for place, name in enumerate(names)}
    run, saved = as_mapping(results.conf.get("run")), as_mapping(results.conf.get("tasks"))
    summary = record.summary
    return RunFacts(
        label=results.label,
        pipeline=str(as_mapping(results.conf.get("pipeline")).get("name", "")),
        version=str(run.get("pyperunner", "")),
        start=float(summary.get("start") or 0.0),
        end=summary.get("end"),
        state=str(summary.get("state", "")),
        host=as_mapping(run.get("host")),
        packages=_packages(as_mapping(run.get("env"))),
        tasks=[_task(results.task(name), before[name], as_mapping(saved.get(name))) for name in names],
    )


def _task(task: TaskResult, upstream: tuple[str, ...], saved: Mapping[str, Any]) -> TaskFacts:
    code = as_mapping(task.parts.get("code"))
    return TaskFacts(
        name=task.name,
        tool=str(saved.get("name", task.name)),
        key=task.key,
        digest=task.output_digest or "",
        params={name: _text(value) for name, value in task.params.items()},
        upstream=upstream,
        executed=task.executed and task.start is not None,
        start=task.start,
        end=task.end,
        status=task.status or "",
        error=(task.error or "").partition("\n")[0],
        module=str(saved.get("module", "")),
        code=str(code.get("digest", "")),
    )


def _packages(env: Mapping[str, Any]) -> Packages:
    return [(str(each.get("name")), str(each.get("version"))) for each in as_mappings(env.get("dependencies"))]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def encoded(name: str) -> str:
    """Return a name as a part of a URI: whatever characters it has, none of them means anything there."""
    return quote(name.encode("utf-8", "surrogatepass"), safe="")


def when(seconds: float) -> str:
    """Return a time as ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
