"""Comparison of two runs: tasks, params, code, outputs and surroundings."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_results.comparing.run_diff import Change, CodeChange, RunDiff, TaskDiff
from pyperunner_results.comparing.values import where_differ
from pyperunner_results.former_names import formerly
from pyperunner_results.reading.pipeline_result import PipelineResult
from pyperunner_results.shape import as_mapping, as_mappings

if TYPE_CHECKING:
    from pyperunner_results.reading.task_result import TaskResult

__all__ = ["changes", "diff", "environment_of"]

_WITH_OUTPUT = frozenset({"SUCCESS", "SKIPPED"})
_WITHOUT_OUTPUT = frozenset({"FAILURE", "CANT_RUN", "RUNNING", "INTERRUPTED"})


@formerly("_diff")
def diff(
    before: PipelineResult | str | os.PathLike[str],
    now: PipelineResult | str | os.PathLike[str],
    *,
    outputs: bool = True,
) -> RunDiff:
    """Compare two runs.

    Args:
        before: A run: its results, its folder or its ``pipeline.yaml``.
        now: Another run, as a rule a later one.
        outputs: Whether to load outputs that differ and say where; otherwise only digests are compared.

    Raises:
        NotARun: One of them is no run.
    """
    a, b = _results(before), _results(now)
    packages, sources, environment = _environments(a, b)
    return RunDiff(
        before=a.label,
        now=b.label,
        added=tuple(name for name in b if name not in a),
        removed=tuple(name for name in a if name not in b),
        tasks={name: _task(a, b, name, outputs) for name in a if name in b},
        packages=packages,
        sources=sources,
        environment=environment,
    )


def _results(run: PipelineResult | str | os.PathLike[str]) -> PipelineResult:
    return run if isinstance(run, PipelineResult) else PipelineResult.from_file(run)


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Change]:
    """Return what differs between two mappings, ``None`` standing for what is not there."""
    names = {**before, **now}
    missing = object()
    return {
        name: (before.get(name), now.get(name)) for name in names if before.get(name, missing) != now.get(name, missing)
    }


def _task(a: PipelineResult, b: PipelineResult, name: str, outputs: bool) -> TaskDiff:
    x, y = a.task(name), b.task(name)
    output, lines = _outputs(x, y, outputs)
    return TaskDiff(
        name=name,
        params=_params(x, y),
        parents=(x.parents, y.parents) if x.parents != y.parents else None,
        code=tuple(_code(a, b, x, y)),
        status=None if _ended_alike(x, y) else (x.status, y.status),
        output=output,
        output_lines=tuple(lines),
        wall=(x.wall, y.wall) if x.attempts and y.attempts else (None, None),
        memory_peak=_memory(x, y),
    )


def _ended_alike(x: TaskResult, y: TaskResult) -> bool:
    """Say whether two tasks ended alike; what was made in one run and found stored in the other is the same outcome."""
    return x.status == y.status or (x.key == y.key and {x.status, y.status} <= _WITH_OUTPUT)


def _memory(x: TaskResult, y: TaskResult) -> Change:
    """Return two figures that can be compared: the tasks' own memory, or where one was not sampled, all of both."""
    own = x.memory_own, y.memory_own
    return own if None not in own else (x.memory_resident, y.memory_resident)


def _params(x: TaskResult, y: TaskResult) -> dict[str, Change]:
    """Return the params that differ; also those that YAML shows alike though their digests differ."""
    old, new = as_mapping(x.parts.get("params")), as_mapping(y.parts.get("params"))
    unlike = [name for name in old if name in new and old[name] != new[name]]
    hidden = {name: (x.params.get(name), y.params.get(name)) for name in unlike}
    return {**changes(x.params, y.params), **hidden}


def _code(a: PipelineResult, b: PipelineResult, x: TaskResult, y: TaskResult) -> list[CodeChange]:
    old_code, new_code = as_mapping(x.parts.get("code")), as_mapping(y.parts.get("code"))
    old_parts, new_parts = as_mapping(old_code.get("parts")), as_mapping(new_code.get("parts"))
    if not old_parts or not new_parts:
        digests = old_code.get("digest"), new_code.get("digest")
        return [CodeChange("of the task", "changed")] if None not in digests and digests[0] != digests[1] else []
    found = []
    for part, (old, new) in changes(old_parts, new_parts).items():
        kind = "added" if old is None else "removed" if new is None else "changed"
        found.append(CodeChange(part, kind, _unified(_source(a, old), _source(b, new), part)))
    return found


def _source(results: PipelineResult, digest: Any) -> str | None:
    return results.record.sources.get(str(digest)) if results.record and digest is not None else None


def _unified(before: str | None, now: str | None, name: str) -> str:
    if before is None or now is None:
        return ""
    lines = difflib.unified_diff(
        before.splitlines(), now.splitlines(), f"{name} (before)", f"{name} (now)", lineterm=""
    )
    return "\n".join(lines)


def _outputs(x: TaskResult, y: TaskResult, load: bool) -> tuple[str, list[str]]:
    if x.output_digest is not None and x.output_digest == y.output_digest:
        return "same", []
    known = x.output_digest is not None and y.output_digest is not None
    if not known and x.shares_output(y):
        return "same", []
    if not load or not _WITHOUT_OUTPUT.isdisjoint((x.status, y.status)):
        return ("different" if known else "unknown"), []
    try:
        lines = where_differ(x.output, y.output)
    except Exception as error:
        return ("different" if known else "unknown"), [f"not compared: {error}"]
    return ("different", lines) if lines else ("same", [])


def _environments(a: PipelineResult, b: PipelineResult) -> list[dict[str, Change]]:
    sides = [environment_of(as_mapping(results.conf.get("run"))) for results in (a, b)]
    return [changes(old, new) for old, new in zip(*sides, strict=True)]


def environment_of(run: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    """Return versions of packages, hashes of sources, and all else that is one value, of a record's ``run`` section."""
    env = as_mapping(run.get("env"))
    rest = {
        name: value for name, value in run.items() if name not in ("env", "host", "set", "sweep")
    }  # params tell what was set
    rest |= as_mapping(run.get("host"))
    rest |= {name: env.get(name) for name in ("base_dir", "mainfile")}
    for number, repository in enumerate(as_mappings(env.get("repositories")), 1):
        prefix = "git" if number == 1 else f"git {number}"
        rest |= {f"{prefix} {name}": value for name, value in repository.items() if value is not None}
    packages = {str(item.get("name")): item.get("version") for item in as_mappings(env.get("dependencies"))}
    sources = {str(item.get("filename")): item.get("hash") for item in as_mappings(env.get("sources"))}
    return packages, sources, rest
