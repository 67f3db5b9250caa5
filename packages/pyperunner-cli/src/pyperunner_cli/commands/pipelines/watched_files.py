"""Watched files: those whose edits can change what a run does, as far as the process that ran knows them."""

from __future__ import annotations

import argparse
import json
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["write_watched"]


def write_watched(options: argparse.Namespace) -> None:
    """Write the paths of modules, files among the params, and files of params to the file that ``--watched`` names."""
    target = options.target.partition(".py:")[0]
    named = [target if target.endswith((".py", ".yaml", ".yml")) else f"{target}.py", *options.params, "pyproject.toml"]
    found = {str(Path(name).absolute()) for name in named if Path(name).is_file()}
    modules = set(_modules())
    found |= modules
    # A task may import what was not imported here, most likely from beside what was.
    found |= {str(file) for folder in {Path(name).parent for name in modules} for file in folder.glob("*.py")}
    pipeline = getattr(options, "pipeline", None)
    for task in pipeline.dag() if pipeline is not None else ():
        found |= set(_files(task.params))
    Path(options.watched).write_text(json.dumps(sorted(found)), encoding="utf-8")


def _modules() -> Iterator[str]:
    """Yield the files of modules that were not installed."""
    installed = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        ours = name.partition(".")[0].startswith("pyperunner_")
        if isinstance(file, str) and file.endswith(".py") and not file.startswith(installed) and not ours:
            yield str(Path(file).absolute())


def _files(value: Any) -> Iterator[str]:
    from pyperunner_dag import File, Folder

    if isinstance(value, File):
        yield str(Path(value).absolute())
    elif isinstance(value, Folder):
        yield str(Path(value).absolute())
        try:
            yield from value.files()
        except OSError:
            pass
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _files(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _files(item)
