"""Run folder: the record of one run as it is written. Everything in it is written here and nowhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_results.errors import RecordError
from pyperunner_results.files import Appender, Losses, make_folder, make_folders
from pyperunner_results.former_names import formerly
from pyperunner_results.log_lines import format_lines
from pyperunner_results.run_files import EXCEPTION_FILE, LOG_FILE, LOGS_FOLDER, PICTURE_FILE, PIPELINE_FILE
from pyperunner_results.writing.events import EventLog
from pyperunner_results.writing.packed_text import PackedText
from pyperunner_results.writing.summary import noting_params
from pyperunner_text.file_names import safe_name
from pyperunner_text.masking import NO_SECRETS, Masking
from pyperunner_text.sha256 import sha256
from pyperunner_text.visible import visible_lines
from pyperunner_text.yaml.writer import UnwritableValue, yaml_pieces

if TYPE_CHECKING:
    from pyperunner_results.schema import Event, Summary

__all__ = ["RunFolder", "TaskLog", "run_name", "task_log_name"]

_FOLDER_MODE = 0o755


@formerly("_folder")
def run_name(pipeline_name: str, now: datetime | None = None) -> str:
    """Return ``'<pipeline>_<yymmddTHHMMSS>'`` in local time, safe as a folder name.

    Args:
        pipeline_name: The pipeline's name; what a file system could stumble over is percent-encoded.
        now: The run's start; the present if ``None``.
    """
    return f"{safe_name(pipeline_name)}_{now or datetime.now():%y%m%dT%H%M%S}"


def task_log_name(task: str, attempt: int) -> str:
    """Return the path, relative to the run folder, of the log of one attempt of a task.

    The digest keeps names apart that differ only by case, by Unicode form or behind the cut.
    """
    digest = sha256(task.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{LOGS_FOLDER}/{safe_name(task)}-{digest}.{attempt}.log"


@formerly("_folder")
class RunFolder:
    """The folder of one run, open for writing. Made by :meth:`create`.

    What was logged survives a ``kill -9`` of the process, and a reader sees valid files at any moment. What can't be
    written, because the folder or its disk's room has gone, is lost with one warning, and never the run. No file holds
    a secret that ``masking`` knows.
    """

    def __init__(self, path: str, pipeline_name: str, start: float, masking: Masking = NO_SECRETS) -> None:
        self.path = path
        self.masking = masking
        self.name = Path(path).name
        self.pipeline_file = os.path.join(path, PIPELINE_FILE)
        self.log_file = os.path.join(path, LOG_FILE)
        self.exception_file = os.path.join(path, EXCEPTION_FILE)
        self.picture_file = os.path.join(path, PICTURE_FILE)
        self._losses = Losses(path)
        self._log = Appender(self.log_file, self._losses)
        self._exceptions = Appender(self.exception_file, self._losses)
        self._events = EventLog(path, pipeline_name, start, self._losses)

    @classmethod
    def create(
        cls,
        log_path: str | os.PathLike[str],
        pipeline_name: str,
        *,
        now: datetime | None = None,
        masking: Masking = NO_SECRETS,
    ) -> RunFolder:
        """Make ``log_path/<pipeline>_<yymmddTHHMMSS>/`` and return it; a second run in one second gets ``…_2``.

        Args:
            log_path: Folder of run folders; it is made if need be.
            pipeline_name: The pipeline's name.
            now: The run's start; the present if ``None``.
            masking: Takes secrets out of all that is written.

        Raises:
            OSError: The folder cannot be made.
        """
        root = Path(log_path).absolute()
        make_folders(root, _FOLDER_MODE)
        start = now.timestamp() if now else time.time()
        name = run_name(pipeline_name, now)
        for number in count(1):
            path = root / (name if number == 1 else f"{name}_{number}")
            try:
                make_folder(path, _FOLDER_MODE)
            except FileExistsError:
                continue
            break
        make_folder(path / LOGS_FOLDER, _FOLDER_MODE)
        return cls(str(path), pipeline_name, start, masking)

    def write_pipeline(self, conf: Mapping[str, object]) -> PackedText:
        """Write ``pipeline.yaml``, replacing it whole; return its text.

        Args:
            conf: The pipeline's YAML form plus ``run`` (:func:`run_section`).

        Raises:
            RecordError: A value that YAML cannot keep; the error names its path.
        """
        conf = noting_params(self.masking.value(conf))
        try:
            text = PackedText(yaml_pieces(conf))
        except UnwritableValue as error:
            raise RecordError(error.where, error.type_name) from None
        self._losses.replace(self.pipeline_file, text)
        self._events.describe(conf)
        return text

    def log(
        self,
        text: str,
        *,
        task: str = "-",
        level: str = "INFO",
        process: int | None = None,
        stream: str = "runner",
        when: float | None = None,
        later: bool = False,
    ) -> None:
        """Append ``text`` to ``pipeline.log``, one line for each of its lines, control characters spelled out.

        Args:
            text: What is said.
            task: Name of the task it concerns; ``-`` for none.
            level: Name of the level, such as ``WARNING``.
            process: Process id; ``None`` means this process.
            stream: Where it came from: ``runner``, ``stdout``, ``stderr``, or a logger's name.
            when: Epoch seconds; ``None`` means now.
            later: Whether it may wait for ``flush``, or for what is written next, to be written together with that.
        """
        text = self.masking.text(text)
        lines = format_lines(text, task, level, os.getpid() if process is None else process, stream, when)
        if later:
            self._log.hold(lines)
        else:
            self._log.write(lines)

    def task_log(self, task: str, attempt: int = 1) -> TaskLog:
        """Return the log of one attempt of ``task``; its file is made when the first line comes."""
        return TaskLog(self, task, task_log_name(task, attempt))

    def log_exception(self, task: str, traceback: str) -> None:
        """Append the ``traceback`` of ``task`` to ``exception.log``, which is there only if something failed.

        The traceback is indented, so that no line of it can pass for a heading.
        """
        head = format_lines("failed", task, "ERROR", None, "traceback", None)
        body = "".join([f"    {line}\n" for line in visible_lines(self.masking.text(traceback))])
        self._exceptions.write(head + body.encode())

    def write_picture(self, svg: str | Iterable[str]) -> None:
        """Write the picture of the graph, an SVG text or the pieces of one, replacing what is there."""
        pieces = [svg] if isinstance(svg, str) else svg
        masked = (self.masking.text(piece).encode(errors="backslashreplace") for piece in pieces)
        self._losses.replace(self.picture_file, masked)

    def record(self, event: Event, *, later: bool = False) -> None:
        """Append one event to ``events.jsonl``, ``later`` as in ``log``; the time of the event is now."""
        self._events.add(self.masking.value(event), later=later)

    def flush(self) -> None:
        """Write what was to be written later."""
        self._log.flush()
        self._events.flush()

    def event(self, kind: str, **facts: object) -> None:
        """Append one event to ``events.jsonl``, of a kind of one's own or in other words than :meth:`record` takes.

        Args:
            kind: One of the kinds of ``docs/run-folder.md``, or a word of one's own, which readers ignore.
            **facts: Builtins.
        """
        self._events.add(self.masking.value({"kind": kind, **facts}))

    def finish(self, summary: Summary | None = None) -> None:
        """Write the final ``summary.json``: state, end, and tasks by outcome as the events told them.

        Args:
            summary: Facts that are added or override what the events told, such as ``state="interrupted"``.
        """
        self._events.finish(summary or {})

    def lost(self, file: str, error: Exception) -> None:
        """Take note that a file of the folder could not be written: warn of it, if nothing was lost before."""
        self._losses.note(file, error)

    def close(self) -> None:
        """Close the open files. Closing twice is harmless."""
        for appender in (self._log, self._exceptions, self._events):
            appender.close()


@formerly("_folder")
class TaskLog:
    """Log of one attempt of a task: what it gets stands in a file of its own and in ``pipeline.log``.

    ``path`` is the absolute path of its file, ``file`` the same relative to the run folder.
    """

    def __init__(self, folder: RunFolder, task: str, relative: str) -> None:
        self.task = task
        self.file = relative
        self.path = os.path.join(folder.path, *relative.split("/"))
        self._shared = folder._log
        self._masking = folder.masking
        self._own = Appender(self.path, folder._losses)

    def log(
        self,
        text: str,
        *,
        level: str = "INFO",
        process: int | None = None,
        stream: str = "stdout",
        when: float | None = None,
    ) -> None:
        """Append ``text`` to both logs, one line for each of its lines; see :meth:`RunFolder.log`."""
        lines = format_lines(self._masking.text(text), self.task, level, process, stream, when)
        self._own.write(lines)
        self._shared.write(lines)

    def close(self) -> None:
        """Close the task's own file."""
        self._own.close()
