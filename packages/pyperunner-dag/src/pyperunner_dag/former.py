"""Former names: the modules of version 0.2.0, as the stores, pickles and keys that it made name them.

A pickle names the module of every class and function in it, a key that of every instance in a param. So each former
module leads to the present one for good, and a class whose instances can be in a key keeps the name of its former one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from pyperunner_dag import (
    dag,
    decorator,
    errors,
    inputs,
    node,
    options,
    output,
    pipeline,
    run_method,
    secret,
    status,
    tasks,
)
from pyperunner_dag.drawing import layout, markup, png, svg, text
from pyperunner_dag.identity import changes, detached, differences, hashing
from pyperunner_dag.stores import opening, outputs

__all__ = ["MODULES", "keep_former_names"]

MODULES = {
    "_dag": dag,
    "_decorator": decorator,
    "_detached": detached,
    "_differences": differences,
    "_draw_markup": markup,
    "_draw_png": png,
    "_draw_svg": svg,
    "_draw_text": text,
    "_errors": errors,
    "_errors_task": errors,
    "_guard": changes,
    "_hashing": hashing,
    "_inputs": inputs,
    "_layout": layout,
    "_node": node,
    "_options": options,
    "_output": output,
    "_pipeline": pipeline,
    "_run": run_method,
    "_secret": secret,
    "_status": status,
    "_stored_files": outputs,
    "_stores": opening,
    "_task": tasks,
}
"""By the name of each former module: the present one."""

_ERRORS = {getattr(errors, name) for name in errors.__all__}
_TASK_ERRORS = {error for error in _ERRORS if issubclass(error, errors.TaskError)}
_CLASSES: dict[str, Iterable[type]] = {
    "_dag": (dag.DAG,),
    "_differences": (differences.Difference,),
    "_errors": _ERRORS - _TASK_ERRORS,
    "_errors_task": _TASK_ERRORS,
    "_node": (node.Node,),
    "_options": (options.Options,),
    "_pipeline": (pipeline.Pipeline, pipeline.Sequential),
    "_secret": (secret.Secret,),
    "_status": (status.Status, status.TaskResult),
}


def keep_former_names() -> None:
    """Let what version 0.2.0 has written find everything where it left it."""
    for former, module in MODULES.items():
        sys.modules[f"pyperunner_dag.{former}"] = module
    for former, classes in _CLASSES.items():
        name = f"pyperunner_dag.{former}"  # one object for all: it is written into a pickle once
        for each in classes:
            each.__module__ = name
