"""RO-Crate: the folder of a run as a research object, by the profiles for runs of workflows.

Sources: https://www.researchobject.org/ro-crate/specification/1.1/,
https://www.researchobject.org/workflow-run-crate/profiles/provenance_run_crate
"""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_results.exporting.facts import RunFacts, TaskFacts, encoded, facts_of, when
from pyperunner_results.run_files import PIPELINE_FILE

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult

__all__ = ["METADATA_FILE", "crate_metadata", "record_files"]

METADATA_FILE = "ro-crate-metadata.json"
_CONTEXT = "https://w3id.org/ro/crate/1.1/context"
_PROFILES = "https://w3id.org/ro/wfrun"
_WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
_VERSION = "0.5"
_NO_LICENSE = "No license is stated."
_ENGINE, _RUN, _LANGUAGE = "#engine", "#run", "#pyperunner"

Entity = dict[str, Any]


def crate_metadata(results: PipelineResult, license: str = "") -> dict[str, Any]:  # noqa: A002 - as it is called there
    """Return what ``ro-crate-metadata.json`` of a run's crate says; the other files are those of the run's folder.

    The workflow is ``pipeline.yaml``, from which the run can be repeated. Each task that was carried out is a step of
    its own; outputs are named by the digests with which they are stored.

    Args:
        results: The run.
        license: Under which the crate is given on, as a URL or in words.

    Raises:
        NotARun: There is no record of it.
    """
    run = facts_of(results)
    steps = [task for task in run.tasks if task.executed]
    files = record_files(results)
    graph = [
        {
            "@id": METADATA_FILE,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": [{"@id": "https://w3id.org/ro/crate/1.1"}, {"@id": _WORKFLOW_CRATE}],
        },
        _root(run, files, steps, license),
        *_profiles(bool(steps)),
        _workflow(run, steps),
        {
            "@id": _LANGUAGE,
            "@type": "ComputerLanguage",
            "name": "pyperunner",
            "version": run.version,
            "url": "https://pypi.org/project/pyperunner/",
        },
        *(_file(results, path) for path in files if path != PIPELINE_FILE),
        *_packages(run),
        *_parameters(run),
        *_values(run),
        _run_action(run),
        *(_entities_of_steps(run, steps) if steps else ()),
    ]
    graph += [{"@id": license, "@type": "CreativeWork", "name": license}] if "://" in license else []
    return {"@context": _CONTEXT, "@graph": [_plain(entity) for entity in graph]}


def _plain(entity: Entity) -> Entity:
    """Write one of something as itself and none not at all, as the specification wants it."""
    alone = {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in entity.items()}
    return {name: value for name, value in alone.items() if value not in ([], "")}


def record_files(results: PipelineResult) -> list[str]:
    """Return the files of a run's record, relative to its folder; links and what is no file are left out."""
    folder = Path(results.run_folder or "")
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return [path.relative_to(folder).as_posix() for path in found if not path.name.startswith(".")]


def _root(run: RunFacts, files: list[str], steps: list[TaskFacts], license: str) -> Entity:  # noqa: A002
    actions = [_RUN, *(["#organize"] if steps else []), *map(_action, steps)]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Run of {run.pipeline}",
        "description": f"Record of a run of the pipeline {run.pipeline}, made by pyperunner {run.version}",
        "datePublished": when(run.end or run.start),
        "license": {"@id": license} if "://" in license else license or _NO_LICENSE,
        "conformsTo": [{"@id": each["@id"]} for each in _profiles(bool(steps))],
        "mainEntity": {"@id": PIPELINE_FILE},
        "hasPart": [{"@id": encoded_path(path)} for path in files],
        "mentions": [{"@id": each} for each in actions],
    }


def _profiles(has_steps: bool) -> list[Entity]:
    names = ["process", "workflow", *(["provenance"] if has_steps else [])]
    found = [(f"{_PROFILES}/{name}/{_VERSION}", f"{name.title()} Run Crate", _VERSION) for name in names]
    found.append((_WORKFLOW_CRATE, "Workflow RO-Crate", "1.0"))
    return [{"@id": id_, "@type": "CreativeWork", "name": name, "version": version} for id_, name, version in found]


def _workflow(run: RunFacts, steps: list[TaskFacts]) -> Entity:
    kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", *(["HowTo"] if steps else [])]
    workflow: Entity = {
        "@id": PIPELINE_FILE,
        "@type": kinds,
        "name": run.pipeline or "pipeline",
        "programmingLanguage": {"@id": _LANGUAGE},
        "conformsTo": {"@id": "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"},
        "version": run.version,
        "encodingFormat": "application/yaml",
        "input": [{"@id": _param(task, name)} for task in run.tasks for name in task.params],
        "output": [{"@id": _out_param(task)} for task in run.last if _has_output(task)],
        "softwareRequirements": [{"@id": _package(name)} for name, _ in run.packages],
    }
    if steps:
        workflow["hasPart"] = [{"@id": each} for each in dict.fromkeys(_tool(task) for task in steps)]
        workflow["step"] = [{"@id": _step(task)} for task in steps]
    return workflow


def _file(results: PipelineResult, path: str) -> Entity:
    kind = {".jsonl": "application/jsonl", ".log": "text/plain", ".yaml": "application/yaml"}.get(Path(path).suffix)
    size = Path(results.run_folder or "", path).stat().st_size
    return {
        "@id": encoded_path(path),
        "@type": "File",
        "name": path,
        "encodingFormat": kind or mimetypes.guess_type(path)[0] or "application/octet-stream",
        "contentSize": str(size),
    }


def _packages(run: RunFacts) -> list[Entity]:
    return [
        {"@id": _package(name), "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        for name, version in run.packages
    ]


def _parameters(run: RunFacts) -> list[Entity]:
    params = [
        _formal(_param(task, name), f"{task.name}.{name}", "Text", _value(task, name))
        for task in run.tasks
        for name in task.params
    ]
    made = filter(_has_output, run.last)
    return params + [_formal(_out_param(task), task.name, "PropertyValue", _out(task)) for task in made]


def _formal(id_: str, name: str, kind: str, example: str) -> Entity:
    profile = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
    return {
        "@id": id_,
        "@type": "FormalParameter",
        "name": name,
        "additionalType": kind,
        "conformsTo": {"@id": profile},
        "workExample": {"@id": example},
    }


def _values(run: RunFacts) -> list[Entity]:
    """Return the values of params, and the outputs."""
    last = {task.name for task in run.last}
    found: list[Entity] = [
        {
            "@id": _value(task, name),
            "@type": "PropertyValue",
            "name": f"{task.name}.{name}",
            "value": value,
            "exampleOfWork": {"@id": _param(task, name)},
        }
        for task in run.tasks
        for name, value in task.params.items()
    ]
    for task in filter(_has_output, run.tasks):
        output: Entity = {"@id": _out(task), "@type": "PropertyValue", "name": f"output of {task.name}"}
        output["value"] = task.digest or task.key
        output["identifier"] = task.key
        if task.name in last:
            output["exampleOfWork"] = {"@id": _out_param(task)}
        found.append(output)
    return found


def _run_action(run: RunFacts) -> Entity:
    ended = {"endTime": when(run.end)} if run.end is not None else {}
    status = "CompletedActionStatus" if run.state == "success" else "FailedActionStatus"
    return {
        "@id": _RUN,
        "@type": "CreateAction",
        "name": f"Run {run.label}",
        "description": f"{len(run.tasks)} tasks; it ended with: {run.state}",
        "instrument": {"@id": PIPELINE_FILE},
        "startTime": when(run.start),
        **ended,
        "actionStatus": f"http://schema.org/{status}",
        "object": [{"@id": _value(task, name)} for task in run.tasks for name in task.params],
        "result": [{"@id": _out(task)} for task in run.last if _has_output(task)],
    }


def _entities_of_steps(run: RunFacts, steps: list[TaskFacts]) -> list[Entity]:
    """Return tools, steps, what was done in each, and what organized it."""
    by_name = {task.name: task for task in run.tasks}
    tools = {_tool(task): task for task in steps}
    found: list[Entity] = [
        {
            "@id": id_,
            "@type": "SoftwareApplication",
            "name": task.tool,
            "description": f"Task class {task.tool} of the module {task.module}",
            "softwareVersion": task.code or "unknown",
        }
        for id_, task in tools.items()
    ]
    found.append({"@id": _ENGINE, "@type": "SoftwareApplication", "name": "pyperunner", "softwareVersion": run.version})
    for position, task in enumerate(steps):
        given = [_value(task, name) for name in task.params]
        given += [_out(by_name[name]) for name in task.upstream if _has_output(by_name[name])]
        found.append(
            {
                "@id": _step(task),
                "@type": "HowToStep",
                "name": task.name,
                "position": str(position),
                "workExample": {"@id": _tool(task)},
            }
        )
        action: Entity = {
            "@id": _action(task),
            "@type": "CreateAction",
            "name": f"Run of {task.name}",
            "description": f"The task {task.name}, which ended with: {task.status}",
            "instrument": {"@id": _tool(task)},
            "object": [{"@id": each} for each in given],
            "result": [{"@id": _out(task)}] if _has_output(task) else [],
            "actionStatus": task.action_status,
        }
        times = {"startTime": task.start, "endTime": task.end}
        action |= {name: when(seconds) for name, seconds in times.items() if seconds is not None}
        action |= {"error": task.error} if task.error else {}
        found.append(action)
        found.append(
            {
                "@id": f"#control/{encoded(task.name)}",
                "@type": "ControlAction",
                "name": f"Carrying out {task.name}",
                "instrument": {"@id": _step(task)},
                "object": {"@id": _action(task)},
            }
        )
    found.append(
        {
            "@id": "#organize",
            "@type": "OrganizeAction",
            "name": f"Run of pyperunner {run.version}",
            "instrument": {"@id": _ENGINE},
            "startTime": when(run.start),
            "object": [{"@id": f"#control/{encoded(task.name)}"} for task in steps],
            "result": {"@id": _RUN},
        }
    )
    return found


def _has_output(task: TaskFacts) -> bool:
    return task.status in ("SUCCESS", "SKIPPED")


def encoded_path(path: str) -> str:
    """Return the ``@id`` of a file of the crate."""
    return "/".join(map(encoded, path.split("/")))


def _param(task: TaskFacts, name: str) -> str:
    return f"#param/{encoded(task.name)}/{encoded(name)}"


def _value(task: TaskFacts, name: str) -> str:
    return f"#value/{encoded(task.name)}/{encoded(name)}"


def _out_param(task: TaskFacts) -> str:
    return f"#output-param/{encoded(task.name)}"


def _out(task: TaskFacts) -> str:
    return f"#output/{encoded(task.key)}"


def _tool(task: TaskFacts) -> str:
    return f"#tool/{encoded(task.tool)}"


def _step(task: TaskFacts) -> str:
    return f"#step/{encoded(task.name)}"


def _action(task: TaskFacts) -> str:
    return f"#action/{encoded(task.name)}"


def _package(name: str) -> str:
    return f"#package/{encoded(name)}"
