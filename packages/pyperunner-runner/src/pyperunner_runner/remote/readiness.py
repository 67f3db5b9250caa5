"""Readiness of an agent: whether all that the tasks of a session need is there, before the first of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_dag import members_of, reopen_store
from pyperunner_dag.ports import SupportsProbe
from pyperunner_results import strip_credentials
from pyperunner_runner.remote.facts import lacking_packages

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task
    from pyperunner_runner.remote.packing import PackedSession

__all__ = ["enter", "problems_of"]

_NAMED = 5  # tasks and files of one kind of problem


def enter(session: PackedSession) -> None:
    """Make this interpreter, which has just started, like the runner's, except for what is installed here."""
    session.state.enter()
    with suppress(OSError):  # it has none like it
        os.chdir(session.folder)
    session.state.preload()


def problems_of(session: PackedSession) -> tuple[OutputStore | None, list[str], list[str]]:
    """Return the store, what is lacking for the session's tasks, each with what to do about it, and remarks."""
    problems, said = lacking_packages(session.packages)
    if not problems:
        problems += _first(_of_tasks(session))
        problems += _first(_of_files(session))
    store, problem = _store_of(session)
    return store, [*problems, *problem], said


def _first(found: Iterator[str]) -> list[str]:
    problems = list(found)
    more = len(problems) - _NAMED
    return problems if more <= 0 else [*problems[:_NAMED], f"and {more} more of this kind"]


def _of_tasks(session: PackedSession) -> Iterator[str]:
    for name in session.to_run:
        try:
            task: Task = session.tasks[name]
        except Exception as error:  # whatever the import of a module raises
            yield (
                f"{name} can't be loaded there ({type(error).__name__}: {error}); install what is missing, or make it "
                "a module of the project, which travels"
            )
            continue
        try:
            task.assert_secrets_set()
        except Exception as error:
            yield f"{error} It is the worker's environment that holds a secret: start the worker with it."


def _of_files(session: PackedSession) -> Iterator[str]:
    for path in session.files:
        if not Path(path).exists():
            yield (
                f"{path}, which a task reads, is not there; put it where all machines find it under the same path, or "
                "let a task that runs there fetch it"
            )


def _store_of(session: PackedSession) -> tuple[OutputStore | None, list[str]]:
    place = strip_credentials(str(session.spec.get("url", "")))
    shared = "use a folder that all machines share under the same path, or a store such as s3://bucket/cache"
    folder = Path(place.removeprefix("file://"))
    if folder.is_absolute() and not folder.exists():
        return None, [f"the store {place} is not there; {shared}"]
    try:
        store = reopen_store(session.spec)
        if session.probe:
            key, text = session.probe
            try:
                found = store.load(key)
            except KeyError:
                found = None
            if found != text:
                return None, [f"what is at {place} there is another store than the runner's; {shared}"]
        for member in members_of(store):
            if isinstance(member, SupportsProbe):
                member.probe()
    except Exception as error:
        cause = strip_credentials(f"{type(error).__name__}: {error}")
        return None, [
            f"the store {place} can't be used there ({cause}); see to its rights and credentials, or {shared}"
        ]
    return store, []
