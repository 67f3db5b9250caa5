"""Lineage: the record of a run in OpenLineage's words. Nothing here reads or sends.

Source: https://openlineage.io/spec/2-0-2/OpenLineage.json
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from openlineage.client import facet_v2 as facets
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

from pyperunner_openlineage.datasets import DatasetName, files_in, name_of_entry, name_of_file
from pyperunner_results.reading.elements import mapped_task_of
from pyperunner_results.reading.task_result import key_of_output
from pyperunner_results.report.graph import upstream_of
from pyperunner_results.shape import as_mapping
from pyperunner_text import __version__

__all__ = ["Lineage"]

_PRODUCER = "https://pypi.org/project/pyperunner-openlineage/"
_STATES = {"SUCCESS": RunState.COMPLETE, "FAILURE": RunState.FAIL}


class Lineage:
    """The events of one run, made from its record as it grows.

    Args:
        conf: Content of the run's ``pipeline.yaml``.
        stores: Of tasks that have a store of their own, where that is.
        namespace: Of the jobs.
        parent: The run that this one is a part of, ``namespace/job/run id``, as others hand it on; or empty.
    """

    def __init__(
        self, conf: Mapping[str, Any], stores: Mapping[str, str], namespace: str = "pyperunner", parent: str = ""
    ) -> None:
        run = as_mapping(conf.get("run"))
        self._tasks: dict[str, Mapping[str, Any]] = {
            str(name): as_mapping(task) for name, task in as_mapping(conf.get("tasks")).items()
        }
        names = list(self._tasks)
        before = upstream_of(self._tasks)
        self._upstream = {name: [names[number] for number in before[place]] for place, name in enumerate(names)}
        self._keys = {name: key_of_output(name, task) for name, task in self._tasks.items()}
        self._store, self._stores = str(run.get("data_path", "")), stores
        self._base_dir = str(as_mapping(run.get("env")).get("base_dir") or os.curdir)
        self._namespace, self._name = namespace, str(as_mapping(conf.get("pipeline")).get("name") or "pipeline")
        self._id = str(uuid.uuid4())
        self._above = _parent(*parent.rsplit("/", 2)) if parent.count("/") >= 2 else None
        self._code: dict[str, str] = {}
        self._open: dict[str, str] = {}
        self._failed = ""
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self._ended

    def take(self, event: Mapping[str, Any]) -> Iterator[RunEvent]:
        """Yield what an event of the record means."""
        kind, task, when = event.get("kind"), str(event.get("task", "")), float(event.get("time") or 0.0)
        if kind == "run_started":
            yield self._of_run(RunState.START, when)
        elif kind == "code_part":
            self._code[str(event.get("digest"))] = str(event.get("source") or "")
        elif kind == "task_started" and task not in self._open:
            self._open[task] = str(uuid.uuid4())
            yield self._of_task(RunState.START, task, when)
        elif kind == "task_finished":
            self._keys[task] = str(event.get("key") or self._keys.get(task, task))
            status = str(event.get("status"))
            if status == "FAILURE":
                self._failed = self._failed or f"{task}: {event.get('error')}"
            if task in self._open:
                yield self._of_task(_STATES.get(status, RunState.ABORT), task, when, event)
                del self._open[task]
        elif kind == "run_finished":
            yield from self._end(when, bool(event.get("interrupted")))

    def end(self, when: float) -> Iterator[RunEvent]:
        """Yield the end of a run whose record stops: its process is gone.

        Args:
            when: Seconds since the epoch.
        """
        if not self._ended:
            yield from self._end(when, interrupted=True)

    def _end(self, when: float, interrupted: bool) -> Iterator[RunEvent]:
        for task in list(self._open):
            yield self._of_task(RunState.ABORT, task, when)
        self._open.clear()
        self._ended = True
        state = RunState.ABORT if interrupted else RunState.FAIL if self._failed else RunState.COMPLETE
        yield self._of_run(state, when)

    # -- events ----------------------------------------------------------------------------------------------------

    def _of_run(self, state: RunState, when: float) -> RunEvent:
        of_run: dict[str, Any] = {
            "processing_engine": facets.processing_engine_run.ProcessingEngineRunFacet(
                version=__version__, name="pyperunner", openlineageAdapterVersion=__version__
            )
        }
        if self._above is not None:
            of_run["parent"] = self._above
        if state is RunState.FAIL:
            of_run["errorMessage"] = _error(self._failed, None)
        job = Job(self._namespace, self._name, {"jobType": _job_type("DAG")})
        return _event(state, when, Run(self._id, of_run), job)

    def _of_task(self, state: RunState, task: str, when: float, ended: Mapping[str, Any] | None = None) -> RunEvent:
        ended = ended or {}
        of_run: dict[str, Any] = {"parent": _parent(self._namespace, self._name, self._id)}
        if ended.get("error"):
            of_run["errorMessage"] = _error(str(ended["error"]), ended.get("traceback"))
        of_job: dict[str, Any] = {"jobType": _job_type("TASK")}
        if source := self._source_of(ended):
            of_job["sourceCode"] = facets.source_code_job.SourceCodeJobFacet(language="python", sourceCode=source)
        job = Job(self._namespace, f"{self._name}.{task}", of_job)
        outputs = [self._output(task, ended)] if state is RunState.COMPLETE else []
        return _event(state, when, Run(self._open[task], of_run), job, self._inputs(task), outputs)

    def _source_of(self, ended: Mapping[str, Any]) -> str:
        """Return the text of the code that a task is made of, its own part first."""
        code = as_mapping(as_mapping(ended.get("parts")).get("code"))
        parts = as_mapping(code.get("parts"))
        order = sorted(parts, key=lambda name: (name != code.get("root"), name))
        return "\n\n".join(text for name in order if (text := self._code.get(str(parts[name]), "").strip("\n")))

    # -- datasets --------------------------------------------------------------------------------------------------

    def _inputs(self, task: str) -> list[InputDataset]:
        whole = mapped_task_of(task, self._tasks) or task
        upstream = [self._entry(name) for name in self._upstream.get(whole, ())]
        saved = self._tasks.get(whole, {})
        files = [name_of_file(path, self._base_dir) for path in files_in(saved.get("params"))]
        return [InputDataset(*name) for name in dict.fromkeys([*upstream, *files])]

    def _output(self, task: str, ended: Mapping[str, Any]) -> OutputDataset:
        name, size, digest = self._entry(task), ended.get("size"), ended.get("digest")
        statistics = facets.output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(size=size)
        version = facets.dataset_version_dataset.DatasetVersionDatasetFacet(str(digest))
        return OutputDataset(
            name.namespace,
            name.name,
            outputFacets={"outputStatistics": statistics} if isinstance(size, int) else {},
            facets={"version": version} if digest else {},
        )

    def _entry(self, task: str) -> DatasetName:
        whole = mapped_task_of(task, self._tasks) or task
        return name_of_entry(self._stores.get(whole, self._store), self._keys.get(task, task))


def _event(
    state: RunState,
    when: float,
    run: Run,
    job: Job,
    inputs: list[InputDataset] | None = None,
    outputs: list[OutputDataset] | None = None,
) -> RunEvent:
    return RunEvent(
        eventType=state,
        eventTime=datetime.fromtimestamp(when, timezone.utc).isoformat(timespec="milliseconds"),
        run=run,
        job=job,
        inputs=inputs or [],
        outputs=outputs or [],
        producer=_PRODUCER,
    )


def _job_type(kind: str) -> facets.job_type_job.JobTypeJobFacet:
    return facets.job_type_job.JobTypeJobFacet(processingType="BATCH", integration="PYPERUNNER", jobType=kind)


def _error(message: str, traceback: object) -> facets.error_message_run.ErrorMessageRunFacet:
    trace = str(traceback) if traceback else None
    return facets.error_message_run.ErrorMessageRunFacet(message, programmingLanguage="PYTHON", stackTrace=trace)


def _parent(namespace: str, job: str, run: str) -> facets.parent_run.ParentRunFacet | None:
    try:
        above = facets.parent_run.Run(run)
    except ValueError:  # no UUID
        return None
    return facets.parent_run.ParentRunFacet(run=above, job=facets.parent_run.Job(namespace, job))
