"""Task times of the latest runs, for whoever puts tasks in an order."""

from __future__ import annotations

import json
import os
import re

from pyperunner_results.files import open_regular
from pyperunner_results.former_names import formerly
from pyperunner_results.run_files import EVENTS_FILE
from pyperunner_results.shape import as_number
from pyperunner_text.file_names import safe_name

__all__ = ["times_of_tasks"]

_RUNS = 3
_BYTES = 32 << 20  # of the record that is read; beyond, an order that is a little better is not worth the wait
_STAMP = r"(\d{6}T\d{6})(?:_(\d+))?"


@formerly("_times")
def times_of_tasks(log_path: str | os.PathLike[str], pipeline: str) -> dict[str, float]:
    """Return the seconds that tasks took in the latest runs of a pipeline; of several times of a task the latest.

    Looks at a few runs and a bounded part of what they wrote; what is missing or damaged is passed over.

    Args:
        log_path: Folder of run folders; it need not exist.
        pipeline: The pipeline's name.
    """
    found_names = re.compile(f"{re.escape(safe_name(pipeline))}_({_STAMP})")
    try:
        hits = [hit for hit in map(found_names.fullmatch, os.listdir(log_path)) if hit]
    except OSError:
        return {}
    names = [hit[0] for hit in sorted(hits, key=lambda hit: (hit[2], int(hit[3] or 1)), reverse=True)]
    found: dict[str, float] = {}
    left = _BYTES
    for name in names[:_RUNS]:
        try:
            with open_regular(os.path.join(log_path, name, EVENTS_FILE)) as file:
                data = file.read(left)
        except OSError:
            continue
        left -= len(data)
        found = {**_times(data), **found}
    return found


def _times(events: bytes) -> dict[str, float]:
    found = {}
    for line in events.split(b"\n"):
        if b'"task_finished"' in line and b'"SUCCESS"' in line:
            try:
                event = json.loads(line)
                if event["attempt"]:
                    found[str(event["task"])] = as_number(event["wall"]) or 0.0
            except (ValueError, TypeError, KeyError, RecursionError):
                continue
    return found
