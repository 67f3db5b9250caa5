"""Follower: the process that reads the record of a run while it grows, and sends what it says to OpenLineage.

It ends when the record does, or when the runner is gone, which closes its standard input. Why something could not be
sent stands in one line on its standard output.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openlineage.client.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

__all__ = ["follow", "main"]

_PAUSE = 0.1  # seconds between two looks at the record
_LONGEST = 500  # characters of what is said of a failure


def main() -> None:
    """Follow the run whose folder is the last argument."""
    try:
        said = follow(sys.argv[-1])
    except Exception as error:
        said = _words(error)
    if said:
        os.write(1, said.encode("utf-8", "replace"))


def follow(run_folder: str) -> str:
    """Send a run's events until it is over; return why some were not sent, or nothing.

    Args:
        run_folder: The run's folder.
    """
    from openlineage.client import OpenLineageClient

    from pyperunner_openlineage.lineage import Lineage
    from pyperunner_results import PipelineResult
    from pyperunner_results.reading.places import recorded_stores
    from pyperunner_results.reading.record import RecordTail

    logging.basicConfig(format="%(message)s", stream=sys.stderr, level=logging.ERROR)
    logging.getLogger("openlineage.client.transport.console").setLevel(logging.INFO)
    logging.getLogger("openlineage.client.transport.http").setLevel(logging.CRITICAL)  # it is said once, at the end
    conf = PipelineResult.from_file(run_folder).conf
    lineage = Lineage(
        conf,
        recorded_stores(conf, run_folder),
        os.environ.get("OPENLINEAGE_NAMESPACE") or "pyperunner",
        os.environ.get("OPENLINEAGE_PARENT_ID", ""),
    )
    sender = _Sender(OpenLineageClient())
    tail = RecordTail(run_folder)
    runs = True
    while not lineage.ended:
        events = tail.read()
        for event in events:
            sender.send(lineage.take(event))
        if not events and not runs:
            sender.send(lineage.end(time.time()))
        elif runs and not lineage.ended:
            runs = not select.select([0], [], [], _PAUSE)[0]
    return sender.close()


class _Sender:
    """Sends events, and remembers what was in the way."""

    def __init__(self, client: OpenLineageClient) -> None:
        self._client = client
        self._failed = 0
        self._first = ""

    def send(self, events: Iterable[RunEvent]) -> None:
        for event in events:
            try:
                self._client.emit(event)
            except Exception as error:
                self._failed += 1
                self._first = self._first or _words(error)

    def close(self) -> str:
        if self._client.close() is False:
            return "the client could not send all events"
        many = f" (and {self._failed - 1} events more)" if self._failed > 1 else ""
        return f"{self._first}{many}" if self._failed else ""


def _words(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
