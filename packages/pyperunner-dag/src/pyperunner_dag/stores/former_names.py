"""Former names: the modules of version 0.2.0, as the stores, pickles and keys that it made name them.

A pickle names the module of every class and function in it, a key that of every instance in a param. So each former
module leads to the present one for good, and a class whose instances can be in a key keeps the name of its former one.
"""

from __future__ import annotations

import sys

from pyperunner_text.former_names import keep_former_modules

__all__ = ["MODULES", "keep_former_names"]

MODULES = {
    "_dag": "dag",
    "_decorator": "decorator",
    "_detached": "identity.upstream",
    "_differences": "identity.differences",
    "_draw_markup": "drawing.markup",
    "_draw_png": "drawing.png",
    "_draw_svg": "drawing.svg",
    "_draw_text": "drawing.text",
    "_errors": "errors",
    "_errors_task": "errors",
    "_guard": "identity.changes",
    "_hashing": "identity.hashing",
    "_inputs": "inputs",
    "_layout": "drawing.layout",
    "_node": "dag",
    "_options": "options",
    "_pipeline": "pipeline",
    "_run": "run_method",
    "_secret": "secret",
    "_status": "status",
    "_stored_files": "stores.outputs",
    "_stores": "stores.opening",
    "_task": "tasks",
}
"""By the name of each former module: the present one, in this package."""

_CLASSES = {
    "_dag": ["DAG"],
    "_node": ["Node"],
    "_options": ["Options"],
    "_pipeline": ["Pipeline", "Sequential"],
    "_secret": ["Secret"],
    "_status": ["Status", "TaskResult"],
}


def keep_former_names(package: str) -> None:
    """Let what version 0.2.0 has written find everything where it left it.

    Args:
        package: The package. Those of its modules in ``MODULES`` that have classes of which instances can be in a key
            are imported; the others are when they are looked for.
    """
    names = {former: f"{package}.{module}" for former, module in MODULES.items()}
    keep_former_modules(package, {former: MODULES[former] for former in names if names[former] not in sys.modules})
    present = {former: sys.modules[name] for former, name in names.items() if name in sys.modules}
    errors = [getattr(present["_errors"], name) for name in present["_errors"].__all__]
    classes = {former: [getattr(present[former], name) for name in names] for former, names in _CLASSES.items()}
    classes["_errors"] = errors
    classes["_errors_task"] = [error for error in errors if issubclass(error, present["_errors"].TaskError)]
    for former, module in present.items():
        sys.modules[f"{package}.{former}"] = module
        name = f"{package}.{former}"  # one object for all: it is written into a pickle once
        for each in classes.get(former, ()):
            each.__module__ = name
