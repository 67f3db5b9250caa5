"""Task result: the output of one task of a run, and what was recorded of it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pyperunner_results.errors import OutputMissing, TaskUnsuccessful
from pyperunner_results.former_names import formerly
from pyperunner_results.run_files import LOGS_FOLDER
from pyperunner_results.shape import as_mapping, as_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyperunner_results.reading.outputs import Outputs
    from pyperunner_results.reading.record import TaskRecord
    from pyperunner_results.schema import Json

__all__ = ["TaskResult", "key_of_output"]

_T = TypeVar("_T")


def key_of_output(name: str, conf: Mapping[str, Any]) -> str:
    """Return the key in the store of a recorded task's output; several tasks of one class and tag have keys alike."""
    own = f"{conf.get('name')}({conf.get('tag')})"
    return f"{own if own in name else name}/{conf.get('hash', '')}"


@formerly("_task_result")
class TaskResult:
    """Reader of one task's stored output and of its record. Made by :meth:`PipelineResult.task`.

    Args:
        name: Task name, ``Class(tag)``.
        conf: The task's entry in ``pipeline.yaml``.
        outputs: Where outputs are read from.
        record: What the run recorded of it, if anything.
        folder: The run folder, if known.
        follows_data: Whether its key may be another one than its entry says, because something is mapped over.
        digests: The task's entry in the section ``keys`` of ``pipeline.yaml``: digests of its params and code.

    Attributes:
        name: Task name.
        facts: What was recorded of the last attempt, or of the decision not to start one, as ``docs/run-folder.md``
            describes it.
    """

    def __init__(
        self,
        name: str,
        conf: Mapping[str, Any],
        outputs: Outputs,
        record: TaskRecord | None = None,
        folder: str | None = None,
        digests: object = None,
        *,
        follows_data: bool = False,
    ) -> None:
        self.name = name
        self._conf = conf
        self._outputs = outputs
        self._record = record
        self.facts: Mapping[str, Json] = record.facts if record else {}
        self._folder = folder
        self._digests = digests
        self._follows_data = follows_data

    @property
    def key(self) -> str:
        """Key of the output in the store, ``'<task name>/<hash>'``."""
        key = self.facts.get("key") if self._follows_data else None
        return key if isinstance(key, str) and "/" in key else key_of_output(self.name, self._conf)

    @property
    def outputs(self) -> list[str]:
        """Names of its outputs where it has several; ``output`` is a dict of them then."""
        return as_texts(self._conf.get("outputs"))

    def _key_of(self, output: str) -> str:
        name, _, own = self.key.rpartition("/")
        return f"{name}.{output}/{own}"

    @property
    def tag(self) -> str:
        """The task's tag."""
        return str(self._conf.get("tag") or "")

    @property
    def params(self) -> dict[str, Any]:
        """The task's params, as recorded."""
        return as_mapping(self._conf.get("params"))

    @property
    def parents(self) -> list[str]:
        """Names of the connected parents, in order."""
        return as_texts(self._conf.get("parents"))

    @property
    def output(self) -> Any:
        """The stored output, read from the store at every access and never held.

        Raises:
            OutputMissing: It is not in the store.
            TaskUnsuccessful: The task failed in this run, or could not run.
            StoreUnavailable: The store cannot be opened.
        """
        return self._read(self._load_whole)

    def output_of(self, name: str) -> Any:
        """Return one of several outputs, by its name; it alone is read.

        Raises:
            OutputMissing: See ``output``; as for the others there.
        """
        return self._read(lambda: self._outputs.load(self._key_of(name)))

    def _load_whole(self) -> Any:
        whole = self._outputs.load(self.key)
        return {name: self._outputs.load(self._key_of(name)) for name in self.outputs} if self.outputs else whole

    def _read(self, load: Callable[[], Any]) -> Any:
        again = f"run: pyperunner run {self._folder}" if self._folder else "run the pipeline again"
        why = {"FAILURE": f"the task failed ({self.error})", "CANT_RUN": f"the task could not run ({self.reason})"}
        if self.status in why:
            raise TaskUnsuccessful(self.name, self.key, self._outputs.name, again, why[self.status])
        try:
            return load()
        except KeyError as error:
            if isinstance(error, OutputMissing):
                raise
            known = []
            if not getattr(error, "absent", True):  # there is an entry, and the store says what it lacks
                known = [str(getattr(error, "reason", "it cannot be used"))]
                if self._folder:  # a run that does not load it may take it for done
                    again += f"; if that skips the task, first run: pyperunner invalidate {self._folder} {self.name!r}"
            raise OutputMissing(self.name, self.key, self._outputs.name, again, *known) from error

    def shares_output(self, other: TaskResult) -> bool:
        """Say whether ``other`` reads the same entry: the same key in the same store."""
        return self.key == other.key and self._outputs.is_same_place(other._outputs)

    def output_exists(self) -> bool:
        """Say whether the output is in the store, without reading it."""
        return not self._outputs.missing([self.key, *map(self._key_of, self.outputs)])

    @property
    def status(self) -> str | None:
        """Outcome as recorded, such as ``SUCCESS`` or ``SKIPPED``; ``None`` if there is no record."""
        return self._record.status if self._record else None

    @property
    def reason(self) -> str | None:
        """Why the task ran or was skipped."""
        return self._fact("reason", str)

    @property
    def parts(self) -> dict[str, Any]:
        """What the task's hash is made of: ``params``, ``inputs``, ``code``, ``parents``.

        For a task that was not executed only the digests of its params and of its code as a whole are known.
        """
        digests = as_mapping(self._digests)
        whole = {"params": digests.get("params"), "code": {"digest": digests.get("code")}}
        return dict(self._fact("parts", dict) or whole)

    @property
    def attempts(self) -> list[dict[str, Json]]:
        """The recorded facts of every attempt, the first one first."""
        return [dict(facts) for facts in self._record.attempts] if self._record else []

    @property
    def start(self) -> float | None:
        """Start of the last attempt, in epoch seconds."""
        return self._fact("start", float)

    @property
    def end(self) -> float | None:
        """End of the last attempt, in epoch seconds."""
        return self._fact("end", float)

    @property
    def wall(self) -> float | None:
        """Seconds that the last attempt took."""
        return self._fact("wall", float)

    @property
    def cpu(self) -> float | None:
        """CPU seconds that the last attempt used."""
        return self._fact("cpu", float)

    @property
    def memory_peak(self) -> int | None:
        """Largest memory of the last attempt in bytes: its own where that was sampled, else with shared pages."""
        own = self.memory_own
        return self.memory_resident if own is None else own

    @property
    def memory_own(self) -> int | None:
        """Largest memory in bytes that no other process shared; ``None`` where no sample fell."""
        return self._fact("uss_peak", int)

    @property
    def memory_resident(self) -> int | None:
        """Largest memory in bytes, pages shared with the parent included: an upper bound, but always known."""
        return self._fact("max_rss", int)

    @property
    def output_size(self) -> int | None:
        """Bytes that the output took in the store, if it was stored in this run."""
        return self._fact("size", int)

    @property
    def output_digest(self) -> str | None:
        """Digest of the stored output; equal outputs have equal digests."""
        return self._fact("digest", str)

    @property
    def error(self) -> str | None:
        """What the task failed with, on one line."""
        return self._fact("error", str)

    @property
    def traceback(self) -> str | None:
        """Traceback of the exception that the task failed with, as text."""
        return self._fact("traceback", str)

    @property
    def undeclared(self) -> list[str]:
        """Files that the task read without declaring them."""
        return list(self._fact("undeclared", list) or [])

    @property
    def executed(self) -> bool:
        """Whether the task was started in this run, rather than found done, passed over or unable to run."""
        return bool(self._record and self._record.by_attempt)

    @property
    def log_file(self) -> str | None:
        """Absolute path of the log of the last attempt; ``None`` if the task said nothing."""
        folder, _, name = (self._fact("log", str) or "").partition("/")
        if self._folder is None or folder != LOGS_FOLDER or "/" in name:
            return None
        path = os.path.join(self._folder, folder, name)
        try:
            # A record may come from anywhere; a link in it would lead to a file of whoever reads it.
            links = stat.S_ISLNK(os.lstat(os.path.join(self._folder, folder)).st_mode)
            return path if stat.S_ISREG(os.lstat(path).st_mode) and not links else None
        except (OSError, ValueError):
            return None

    def log_tail(self, lines: int = 20) -> str:
        """Return the last ``lines`` lines that the task printed in its last attempt."""
        from pyperunner_results.reading.log_tail import tail_text

        return tail_text(self.log_file, lines) if self.log_file else ""

    def fact(self, name: str) -> Json:
        """Return a recorded fact of the last attempt, as ``docs/run-folder.md`` describes it; ``None`` without one."""
        return self.facts.get(name)

    def _fact(self, name: str, kind: type[_T]) -> _T | None:
        """Return a fact, which was checked to be of its kind when it was read."""
        return cast("_T", self.facts.get(name))

    def __repr__(self) -> str:
        return f"<TaskResult {self.name!r} {self.status or 'no record'}>"
