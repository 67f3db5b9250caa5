"""Files of a run folder: their names, and the version of what is in them (``docs/run-folder.md``)."""

from __future__ import annotations

import re

__all__ = [
    "EVENTS_FILE",
    "EXCEPTION_FILE",
    "LOGS_FOLDER",
    "LOG_FILE",
    "PICTURE_FILE",
    "PIPELINE_FILE",
    "REPORT_FILE",
    "SCHEMA",
    "STATES",
    "STATUS",
    "SUMMARY_FILE",
]

SCHEMA = 1
"""Version of the record; readers refuse a higher one."""

STATES = ("running", "success", "failure", "interrupted")
"""What a summary may say of its run; listings add ``broken``."""

STATUS = re.compile("[A-Z_]{1,20}")
"""What the name of a ``Task.Status`` looks like."""

PIPELINE_FILE = "pipeline.yaml"
LOG_FILE = "pipeline.log"
EXCEPTION_FILE = "exception.log"
PICTURE_FILE = "graph.svg"
EVENTS_FILE = "events.jsonl"
SUMMARY_FILE = "summary.json"
REPORT_FILE = "report.html"
LOGS_FOLDER = "logs"
