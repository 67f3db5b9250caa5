"""Stand-in of a store that fails: what a run has computed is kept in a temporary folder for as long as it is in use.

A medium that is full, locked, read-only or gone costs nothing that was computed: tasks that follow find their inputs
here, and whoever asks finds the outputs, in this process.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import weakref
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyperunner_dag import member_named, members_of, open_store, save_whole
from pyperunner_dag.ports import SupportsProbe
from pyperunner_runner.errors import StoreNotWritable
from pyperunner_runner.ports import Failure, Outcome, StandIn

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.planning.settings import RunSettings
    from pyperunner_runner.ports import Ended

__all__ = ["STORES_LOGGER", "StandInStore", "new_stand_in"]

STORES_LOGGER = "pyperunner.stores"
"""Says that outputs are not stored; apart, so that the command can pass on that alone."""

_IN_MEMORY = Path("/dev/shm")
_NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)
"""What a system says of a path where no store can be: whoever has mistyped it wants to know before a long run."""


class StandInStore:
    """Stands in for the store of one run; of several, for each of them that fails.

    Args:
        planned: The plan, whose store it is.
        stays: Whether what it keeps is there when the process has ended.
        warn: Writes a warning into the run's log.
    """

    def __init__(self, planned: PlannedRun, stays: bool, warn: Callable[[str], None]) -> None:
        self._store, self._stays, self._warn = planned.store, stays, warn
        self._unreadable = planned.unreadable
        self._failing: list[tuple[OutputStore, str]] = []
        self._runs = [planned.dag[name].own_name for name in planned.names("run")]
        self._by_hand: set[str] = set()
        self._holds: set[str] = set()

    def probe(self, location: str) -> None:
        """Find out whether outputs can be stored, before any work starts.

        Args:
            location: Where they are kept, in words.

        Raises:
            StoreNotWritable: They can not, and there is no temporary folder either, or the place is a path to nowhere.
        """
        used = {id(member_named(self._store, name)) for name in self._runs}
        for store in members_of(self._store):
            if id(store) not in used or _why(self._unreadable, store) or not isinstance(store, SupportsProbe):
                continue
            try:
                store.probe()
            except OSError as error:
                answers = error.__cause__ if isinstance(error.__cause__, OSError) else error
                if not self._folder or answers.errno in _NOWHERE:
                    where = location if store is members_of(self._store)[0] else _url(store)
                    raise StoreNotWritable(where, error.strerror or str(error)) from error
                self._go_without(store, str(error))

    def of(self, task: Task) -> StandIn | None:
        """Return what a job of ``task`` needs to know."""
        store = member_named(self._store, task.own_name)
        if unreadable := _why(self._unreadable, store):
            self._go_without(store, unreadable)
        if not self._folder:
            return None
        before = [each.name for up in task.upstream for each in (up, *(up.elements or ()))] if self._holds else []
        holds = frozenset(self._holds.intersection(before)) if before else ()
        return StandIn({"url": self._folder}, holds, _why(self._failing, store))

    def take(self, task: Task, ended: Ended) -> Ended:
        """Give a task its output from here if the run's own store did not take it; return how its job ended.

        A job that was carried out on another machine may have kept it there, where nobody finds it: then it failed.
        """
        why = ended.outcome.unsaved
        if not why:
            return ended
        if self._other.missing([task.key]):
            return replace(ended, outcome=Outcome("failed", failure=Failure("StorageError", why)))
        self._hold(task, why)
        return ended

    def save_given(self, task: Task) -> None:
        """Store outputs that were given by hand and that ``task`` needs."""
        for source in task.upstream:
            if source.held and source.name not in self._by_hand:
                self._by_hand.add(source.name)
                try:
                    save_whole(self._store, source, source.output, source.entry_meta())
                except OSError as error:
                    if not self._folder:
                        raise
                    save_whole(self._other, source, source.output, source.entry_meta())
                    self._hold(source, str(error))

    def close(self) -> None:
        """Remove what no task has taken."""
        if not self._holds and "_folder" in vars(self) and self._folder:  # else nobody has asked for it
            shutil.rmtree(self._folder, ignore_errors=True)

    def _hold(self, task: Task, why: str) -> None:
        self._holds.add(task.name)
        task.bind(self._other, task.data_path)
        self._go_without(member_named(self._store, task.own_name), why)

    def _go_without(self, store: OutputStore, why: str) -> None:
        if not _why(self._failing, store):
            self._failing.append((store, why))
            until = "until you remove it" if self._stays else "while this process needs them"
            text = f"outputs are not stored, but kept in {self._folder} {until}: {why}"
            self._warn(text)
            logging.getLogger(STORES_LOGGER).warning(text)

    @cached_property
    def _folder(self) -> str:
        """A folder that nobody has yet; empty where there can be none."""
        import secrets
        import tempfile

        try:
            place = Path(tempfile.gettempdir())
            urls = map(_url, members_of(self._store))
            if _IN_MEMORY.is_dir() and any(_share_a_medium(place, url) for url in urls):
                place = _IN_MEMORY
        except OSError:
            return ""
        return str(place / f"pyperunner-{os.getpid()}-{secrets.token_hex(8)}")

    @cached_property
    def _other(self) -> OutputStore:
        store = open_store(self._folder)
        if not self._stays:
            weakref.finalize(store, _remove, self._folder, os.getpid())
        return store


def _why(failing: Iterable[tuple[OutputStore, str]], store: OutputStore) -> str:
    """Return why a store is among those that fail; empty where it is not."""
    return next((why for each, why in failing if each is store), "")


def _url(store: OutputStore) -> str:
    return str((store.spec() or {}).get("url", ""))


class OutputsAside(StandInStore):
    """Takes all outputs of a run, and gives none of them to other tasks: these get what is stored.

    Args:
        planned: The plan.
        folder: Where outputs go.
        warn: Writes a warning into the run's log.
    """

    def __init__(self, planned: PlannedRun, folder: str, warn: Callable[[str], None]) -> None:
        super().__init__(planned, True, warn)
        self._aside = StandIn({"url": folder}, (), "outputs of this run are put aside")

    def probe(self, location: str) -> None:
        """Do nothing: the run's own store takes nothing."""

    def of(self, task: Task) -> StandIn:
        """Return the folder."""
        return self._aside

    def take(self, task: Task, ended: Ended) -> Ended:
        """Return how a job ended."""
        return ended

    def close(self) -> None:
        """Leave the folder to who has named it."""


def new_stand_in(planned: PlannedRun, settings: RunSettings, warn: Callable[[str], None]) -> StandInStore:
    """Return what takes the outputs that the run's own store does not."""
    if settings.aside:
        return OutputsAside(planned, settings.aside, warn)
    return StandInStore(planned, settings.keep_unsaved, warn)


def _share_a_medium(place: Path, url: str) -> bool:
    """Say whether what is at a URL lies in the file system of ``place``."""
    path = Path(urlsplit(url).path)
    lowest = next((folder for folder in (path, *path.parents) if folder.exists()), None)
    return path.is_absolute() and lowest is not None and lowest.stat().st_dev == place.stat().st_dev


def _remove(folder: str, process: int) -> None:
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)
