"""Places that a record names, found again after the project was moved, renamed, copied or mounted elsewhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyperunner_results.shape import as_mapping

__all__ = ["recorded_base_dir", "recorded_data_path", "recorded_stores"]

_LOCAL = re.compile(r"((?:file|sqlite)://)?(/.*)", re.IGNORECASE | re.DOTALL)


def recorded_data_path(conf: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> str:
    """Return where the outputs of a run are: where the record says, else as far from the record as they were then.

    Args:
        conf: Content of a run's ``pipeline.yaml``.
        folder: The folder that it lies in now.
    """
    run = as_mapping(conf.get("run"))
    return _place_now(str(run.get("data_path") or ""), run, folder)


def recorded_stores(conf: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> dict[str, str]:
    """Return where the outputs of tasks are that have a store of their own, as `recorded_data_path` does of all others.

    Args:
        conf: Content of a run's ``pipeline.yaml``.
        folder: The folder that it lies in now.
    """
    run = as_mapping(conf.get("run"))
    stores = as_mapping(run.get("stores"))
    return {str(name): _place_now(place, run, folder) for name, place in stores.items() if isinstance(place, str)}


def recorded_base_dir(conf: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> str:
    """Return the folder that the modules of a run were found in, looked for as the outputs are; empty if unknown."""
    run = as_mapping(conf.get("run"))
    return _moved_along(str(as_mapping(run.get("env")).get("base_dir") or ""), run, folder)


def _place_now(place: str, run: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> str:
    local = _LOCAL.fullmatch(place)
    return (local[1] or "") + _moved_along(local[2], run, folder) if local else place


def _moved_along(path: str, run: Mapping[str, Any], folder: str | os.PathLike[str] | None) -> str:
    log_path = str(run.get("log_path") or "")
    if folder is None or not Path(path).is_absolute() or not Path(log_path).is_absolute() or _exists(path):
        return path
    # What a run folder is called does not matter, only that it lies in the log path.
    now = os.path.normpath(Path(folder, os.path.relpath(path, Path(log_path, "run"))))
    return now if _exists(now) else path


def _exists(path: str) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:  # no path of any file
        return False
