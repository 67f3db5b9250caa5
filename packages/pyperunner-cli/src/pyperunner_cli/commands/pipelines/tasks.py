"""``pyperunner tasks TARGET``: what tasks there are, what each does and takes."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.loading.recorded_runs import add_log_path
from pyperunner_cli.options import add_target, matching, pipeline_of
from pyperunner_cli.text import listing, visible

if TYPE_CHECKING:
    from pyperunner_dag import Task

__all__ = ["configure", "execute"]

_VALUE_CHARS = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument("tasks", metavar="TASK", nargs="*", help="only these; a name, or a glob for several")
    add_log_path(parser)
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print each task with its docstring, params, inputs and options."""
    pipeline = pipeline_of(options)
    known = {task.name: task for task in pipeline.dag()}
    names = matching(options.tasks, list(known)) if options.tasks else list(known)
    facts = [_facts(known[name]) for name in names if name in known]
    if options.json:
        say_json("tasks", pipeline=pipeline.name, tasks=facts)
        return 0
    for each in facts:
        for line in _lines(each):
            print(line)
    return 0


def _facts(task: Task) -> dict[str, Any]:
    from pyperunner_dag.run_method import method_of

    method = method_of(type(task))
    function = inspect.unwrap(method.function)
    doc = inspect.getdoc(function) or (inspect.getdoc(type(task)) if vars(type(task)).get("__doc__") else None)
    hidden = ("data",) if task.receives_input else ()
    declared = {name: each for name, each in method.signature.parameters.items() if name not in hidden}
    return {
        "name": task.name,
        "module": type(task).__module__,
        "doc": doc,
        "params": [_param(name, declared.get(name), task.params) for name in {**declared, **task.params}],
        "upstream": [node.name for node in task.upstream],
        "options": {name: _short(value) for name, value in task.options.said().items()},
    }


def _param(name: str, declared: inspect.Parameter | None, params: Any) -> dict[str, Any]:
    given = name in params
    annotation = default = None
    if declared is not None:
        annotation = None if declared.annotation is declared.empty else inspect.formatannotation(declared.annotation)
        default = None if declared.default is declared.empty else _short(declared.default)
    value = _short(params[name]) if given else default
    return {"name": name, "annotation": annotation, "default": default, "value": value, "given": given}


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except Exception as error:  # a __repr__ of the user's may do anything
        text = f"<{type(value).__name__}; showing it raised {type(error).__name__}>"
    return text if len(text) <= _VALUE_CHARS else f"{text[: _VALUE_CHARS - 1]}…"


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    first = (facts["doc"] or "").partition("\n")[0]
    yield visible(f"{facts['name']}  {first}".rstrip())
    for param in facts["params"]:
        kind = f": {param['annotation']}" if param["annotation"] else ""
        value = "" if param["value"] is None else f" = {param['value']}"
        default = "" if param["default"] in (None, param["value"]) else f"  (default {param['default']})"
        yield visible(f"    {param['name']}{kind}{value}{default}")
    if facts["upstream"]:
        yield f"    after {listing(facts['upstream'])}"
    if facts["options"]:
        yield visible(f"    options: {', '.join(f'{name}={value}' for name, value in facts['options'].items())}")
