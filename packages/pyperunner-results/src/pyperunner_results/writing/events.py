"""Event log: ``events.jsonl`` while the run goes on, ``summary.json`` before and after."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyperunner_results.files import Appender, Losses
from pyperunner_results.process import process_identity
from pyperunner_results.run_files import EVENTS_FILE, SCHEMA, SUMMARY_FILE
from pyperunner_results.strict_json import to_json
from pyperunner_results.writing.summary import describe_pipeline

if TYPE_CHECKING:
    from pyperunner_results.schema import Summary

__all__ = ["EventLog"]

_FAILED = ("FAILURE", "CANT_RUN")


class EventLog:
    """Writes the events of one run and keeps its summary.

    Args:
        folder: The run folder.
        pipeline_name: The pipeline's name.
        start: Start of the run, in epoch seconds.
        losses: Hears of what could not be written.
    """

    def __init__(self, folder: str, pipeline_name: str, start: float, losses: Losses) -> None:
        self._losses = losses
        self._lines = Appender(os.path.join(folder, EVENTS_FILE), losses)
        self._summary_file = os.path.join(folder, SUMMARY_FILE)
        self._outcomes: dict[str, str] = {}
        self._began = time.monotonic()  # the clock may be set meanwhile, and a run has no negative length
        self._summary: Summary = {
            "schema": SCHEMA,
            "pipeline": pipeline_name,
            "state": "running",
            "start": start,
            "process": process_identity(),
        }
        self._save()

    def add(self, event: Mapping[str, object], *, later: bool = False) -> None:
        """Append one event, ``later`` together with others; a ``task_finished`` counts in the summary."""
        head = {"kind": event["kind"], "time": time.time()}
        if event["kind"] == "run_started":
            head["schema"] = SCHEMA
        elif event["kind"] == "task_finished":
            self._outcomes[str(event.get("task"))] = str(event.get("status"))
        line = f"{to_json({**head, **event})}\n".encode()
        if later:
            self._lines.hold(line)
        else:
            self._lines.write(line)

    def flush(self) -> None:
        """Write the events that were to come later."""
        self._lines.flush()

    def describe(self, conf: Mapping[str, object]) -> None:
        """Put into the summary what it keeps of the pipeline."""
        self._summary.update(describe_pipeline(conf))
        self._save()

    def finish(self, facts: Summary) -> None:
        """Write the final summary."""
        outcomes = Counter(self._outcomes.values())
        failed = any(outcomes[status] for status in _FAILED)
        self._summary["state"] = "failure" if failed else "success"
        self._summary["end"] = self._summary["start"] + time.monotonic() - self._began
        self._summary["tasks"] = dict(outcomes)
        self._summary.update(facts)
        self._save()

    def close(self) -> None:
        """Close the file of events."""
        self._lines.close()

    def _save(self) -> None:
        self._losses.replace(self._summary_file, f"{to_json(self._summary)}\n".encode())
