"""Execution of a job: loads inputs, calls the task, stores what it returns. The same code in every executor."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pyperunner_dag import (
    CHECKS,
    OutputStore,
    Task,
    UndeclaredInputError,
    check_code,
    checks_digest,
    files_of,
    guard_of,
    listing_in,
    member_of,
    output_key,
    pick,
    resolve_inputs,
    task_of,
)
from pyperunner_runner.child.audit import undeclared_reads
from pyperunner_runner.child.checks import FOLDER, check_made
from pyperunner_runner.child.context.environ import environment
from pyperunner_runner.child.context.random_state import seeded
from pyperunner_runner.child.ending import end_forked
from pyperunner_runner.child.failures import describe_failure
from pyperunner_runner.child.job_store import JobStore
from pyperunner_runner.ports import Job, Outcome

if TYPE_CHECKING:
    from pyperunner_runner.child.audit import ReadAudit

__all__ = ["execute_job"]


def execute_job(
    job: Job,
    task: Task,
    store: OutputStore,
    audit: ReadAudit | None = None,
    tell_waiting: Callable[[bool], None] | None = None,
) -> Outcome:
    """Execute a task and store its output; any exception but ``KeyboardInterrupt`` becomes a ``failed`` outcome.

    Args:
        job: What to do.
        task: The task that ``job`` names.
        store: The store, opened by the process that calls this.
        audit: Listens while the task's own code runs.
        tell_waiting: Called with ``True`` when another run makes the same output, with ``False`` when it is done.

    Returns:
        What came of it, without the output itself.
    """
    try:
        outputs = JobStore(store, job.stand_in)
        with _single_flight(store, task.key, tell_waiting) if outputs.is_usable else nullcontext():
            if job.reuse and all(map(outputs.has, task.entry_keys)):
                outputs.check_again(task)
                return Outcome("hit")
            return _execute_and_store(job, task, outputs, audit)
    except KeyboardInterrupt:
        raise  # in this process it is the user who wants to stop; a child has no keyboard
    except BaseException as error:
        cause = error
    # Not in the handler: there, Python walks the chain of causes anew for whatever is raised and caught meanwhile.
    try:
        return Outcome("failed", failure=describe_failure(task.name, cause))
    finally:
        del cause  # its frames refer to this one


def _execute_and_store(job: Job, task: Task, outputs: JobStore, audit: ReadAudit | None) -> Outcome:
    from pyperunner_keys import recording

    with recording() as given:  # the files in what is loaded
        loaded, lost = _load_upstream(job, task, outputs)
    if lost:
        return Outcome("inputs", inputs=lost)
    data = [loaded.outputs[source.name] for source in task.given]
    inputs = resolve_inputs(task.inputs, lambda source: loaded.outputs[source.name])
    check_code(task)
    alone = threading.active_count() == 1
    started = time.perf_counter()
    guard = guard_of(task, given)
    with (
        environment({**dict(job.env), **task.options.env}),
        seeded(job.seed),
        guard or nullcontext(),
        audit or nullcontext(),
    ):
        value = _call(task, data, inputs)
    seconds = time.perf_counter() - started
    if guard:
        guard.check()
    if not (alone and threading.active_count() == 1):
        check_code(task, params=False)  # what other threads have changed meanwhile; all else is the task's own doing
    undeclared = undeclared_reads(audit, [*files_of(task), *(state.item for state in given)]) if audit else []
    if undeclared and job.audit == "error":
        raise UndeclaredInputError(task.task_name, task.tag, tuple(undeclared))
    del data, inputs  # so that storing a large result does not stand on top of its inputs
    loaded.outputs.clear()
    meta = {**job.meta, "seconds": seconds, **task.entry_meta()}
    if loaded.digests:
        meta["upstream"] = loaded.digests
    if "elements" in meta:
        listed = {str(steps): listing_in(value, steps) for steps in meta.pop("elements")}
        meta["elements"] = {steps: listing.packed() for steps, listing in listed.items() if listing}
    folder = meta.pop(FOLDER, "")
    if task.options.check:
        meta[CHECKS] = checks_digest(task.options.check)
        check_made(task, value, folder, meta)
    receipt, unsaved = outputs.save(task, value, meta, _canonical if job.canonical else None)
    return Outcome("stored", None, (), receipt["digest"], receipt["size"], seconds, undeclared, unsaved)


def _call(task: Task, data: list[Any], inputs: dict[str, Any]) -> Any:
    """Return what a task returns. A process that it forks ends here: what follows is not that one's to do."""
    owner = os.getpid()
    try:
        value = task.execute(data, inputs)
    except BaseException as error:
        if os.getpid() != owner:
            end_forked(error)
        raise
    if os.getpid() != owner:
        end_forked()
    return value


class _Loaded(NamedTuple):
    """What the task gets, by name; and by the names of entries the digests of these: of the payload, and canonical."""

    outputs: dict[str, Any]
    digests: dict[str, list[str | None]]


def _load_upstream(job: Job, task: Task, outputs: JobStore) -> tuple[_Loaded, list[str]]:
    """Return what the upstream tasks made, and the names of those that have nothing to load.

    Raises:
        PartMissingError: An output has no such part as the task needs.
    """
    loaded, lost = _Loaded({}, {}), []
    values: dict[str, Any] = {}
    for source in task.sources:
        key, of = source.key, task_of(source)
        if key not in values:
            try:
                if getattr(of, "entries", None) is not None:
                    values[key], loaded.digests[source.entry_name], gone = _load_elements(of, outputs, job)
                    lost += gone
                else:
                    values[key], *digests = outputs.load(key, of.name, canonical=job.canonical)
                    if source is of and of.outputs:
                        values[key] = _several(of, key, of.name, outputs)
                    loaded.digests[source.entry_name] = digests
            except KeyError:
                lost.append(of.name)
                continue
        if not lost:
            loaded.outputs[source.name] = pick(source, values[key], task.name)
    return loaded, list(dict.fromkeys(lost))


def _several(task: Any, key: str, name: str, outputs: JobStore) -> dict[str, Any]:
    """Return all outputs of a task that declares several, by their names."""
    return {each: outputs.load(output_key(key, each), name, canonical=False)[0] for each in task.outputs}


def _load_elements(mapped: Any, outputs: JobStore, job: Job) -> tuple[list[Any], list[str | None], list[str]]:
    """Return the outputs of the elements of a mapped task, the digests of all, and the names of those that are gone."""
    from pyperunner_keys import digest

    found, digests, canonical, lost = [], [], [], []
    for name, key in mapped.entries:
        try:
            output, of_payload, of_value = outputs.load(key, name, canonical=job.canonical)
            found.append(_several(mapped, key, name, outputs) if mapped.outputs else output)
            digests.append(of_payload)
            canonical.append(of_value)
        except KeyError:
            lost.append(name)
    return found, [digest(digests), digest(canonical) if all(canonical) else None], lost


def _canonical(value: Any) -> str | None:
    """Return a digest that equal values share, however they lie in memory; ``None`` without one."""
    from pyperunner_keys import digest

    try:
        return digest(value)
    except Exception:  # an object of the user's may raise anything; it is stored all the same
        return None


def _single_flight(
    store: OutputStore, key: str, tell_waiting: Callable[[bool], None] | None
) -> AbstractContextManager[object]:
    """Return the lock of ``key`` where the store has locks (``SupportsLock``), so that nobody makes it twice."""
    # Looking through a protocol with isinstance costs a child more than the lock itself.
    lock = getattr(member_of(store, key), "lock", None)
    return nullcontext() if lock is None else _Turn(lock, key, tell_waiting or _tell_nobody)


class _Turn:
    """Holds a lock; says so when it has to wait for it. On a medium that gives none the task runs without."""

    def __init__(self, lock: _Lock, key: str, tell_waiting: Callable[[bool], None]) -> None:
        self._lock, self._key, self._tell_waiting = lock, key, tell_waiting

    def __enter__(self) -> None:
        self._held: AbstractContextManager[object] = nullcontext()
        try:
            if not self._took(0):
                self._tell_waiting(True)
                self._took(None)
                self._tell_waiting(False)
        except OSError as error:
            import logging

            message = "%s is made without a lock, so that another run may make it, too: %s"
            logging.getLogger("pyperunner").warning(message, self._key, error)

    def _took(self, timeout: float | None) -> bool:
        held = self._lock(self._key, timeout)
        try:
            held.__enter__()
        except TimeoutError:
            if timeout is None:
                raise
            return False
        self._held = held
        return True

    def __exit__(self, *failure: Any) -> None:
        with suppress(OSError):  # what the task made is stored all the same
            self._held.__exit__(*failure)


class _Lock(Protocol):
    def __call__(self, key: str, timeout: float | None = None, /) -> AbstractContextManager[object]: ...


def _tell_nobody(waiting: bool) -> None:
    """Say nothing: in this process somebody who asks sees it in the debugger."""
