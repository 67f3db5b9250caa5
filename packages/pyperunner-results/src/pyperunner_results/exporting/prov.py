"""PROV-JSON: outputs are entities, tasks are activities, pyperunner is the agent.

Source: https://www.w3.org/submissions/prov-json/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_results.exporting.facts import RunFacts, TaskFacts, encoded, facts_of, when

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult

__all__ = ["prov_document"]

_ENGINE = "pyperunner:engine"


def prov_document(results: PipelineResult) -> dict[str, Any]:
    """Return the provenance of a run as PROV-JSON.

    Tasks that were up to date are no activities of the run: their outputs are entities that others used. An entity is
    named by its key, so that the documents of several runs fit together.

    Raises:
        NotARun: There is no record of it.
    """
    run = facts_of(results)
    document: dict[str, Any] = {
        "prefix": {
            "pyperunner": "urn:pyperunner:",
            "run": f"urn:pyperunner:run:{encoded(run.label)}:",
            "output": "urn:pyperunner:output:",
        },
        "agent": {_ENGINE: _engine(run)},
        "entity": {},
        "activity": {},
        "used": {},
        "wasGeneratedBy": {},
        "wasAssociatedWith": {},
    }
    keys = {task.name: task.key for task in run.tasks}
    for task in run.tasks:
        if task.status in ("SUCCESS", "SKIPPED"):
            document["entity"][_output(task.key)] = _entity(task)
        if task.executed:
            _add_activity(document, task, keys)
    return {name: part for name, part in document.items() if part}


def _engine(run: RunFacts) -> dict[str, Any]:
    facts = {f"pyperunner:{name}": str(value) for name, value in run.host.items() if value is not None}
    label = f"pyperunner {run.version}"
    return {"prov:type": {"$": "prov:SoftwareAgent", "type": "prov:QUALIFIED_NAME"}, "prov:label": label, **facts}


def _entity(task: TaskFacts) -> dict[str, Any]:
    digest = {"pyperunner:digest": task.digest} if task.digest else {}
    return {"prov:label": f"output of {task.name}", "pyperunner:key": task.key, **digest}


def _add_activity(document: dict[str, Any], task: TaskFacts, keys: dict[str, str]) -> None:
    name = f"run:{encoded(task.name)}"
    times = {"prov:startTime": task.start, "prov:endTime": task.end}
    document["activity"][name] = {
        **{at: when(seconds) for at, seconds in times.items() if seconds is not None},
        "prov:label": task.name,
        "pyperunner:status": task.status,
        "pyperunner:code": task.code,
        "pyperunner:module": task.module,
        **({"pyperunner:error": task.error} if task.error else {}),
        **{f"pyperunner:param.{encoded(param)}": value for param, value in task.params.items()},
    }
    document["wasAssociatedWith"][f"_:a{len(document['wasAssociatedWith'])}"] = {
        "prov:activity": name,
        "prov:agent": _ENGINE,
    }
    for up in task.upstream:
        document["used"][f"_:u{len(document['used'])}"] = {"prov:activity": name, "prov:entity": _output(keys[up])}
    if task.status == "SUCCESS":
        made = {"prov:entity": _output(task.key), "prov:activity": name}
        if task.end is not None:
            made["prov:time"] = when(task.end)
        document["wasGeneratedBy"][f"_:g{len(document['wasGeneratedBy'])}"] = made


def _output(key: str) -> str:
    return f"output:{encoded(key)}"
