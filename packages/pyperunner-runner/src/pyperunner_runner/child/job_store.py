"""Store of a job: what the run's own store does not take goes to the one that stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyperunner_dag import (
    checks_digest,
    checks_key,
    has_passed,
    is_stored,
    load_output,
    load_whole,
    member_of,
    reopen_store,
    save_output,
    save_whole,
)
from pyperunner_keys import FileError
from pyperunner_runner.child.checks import check_stored

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task
    from pyperunner_dag.ports import Receipt
    from pyperunner_runner.ports import StandIn

__all__ = ["JobStore"]


class JobStore:
    """The outputs that one job loads and saves.

    Args:
        store: The run's own store.
        stand_in: What to do where that fails; ``None`` for nothing.
    """

    def __init__(self, store: OutputStore, stand_in: StandIn | None) -> None:
        self._store, self._stand_in = store, stand_in

    @property
    def is_usable(self) -> bool:
        """Whether the run's own store is asked at all."""
        return self._stand_in is None or not self._stand_in.alone

    def has(self, key: str) -> bool:
        """Say whether there is an output in the run's own store; one that cannot say has none."""
        try:
            return self.is_usable and is_stored(self._store, key)
        except OSError:
            if self._stand_in is None:
                raise
            return False

    def check_again(self, task: Task) -> None:
        """Let a stored output be seen by those checks of its task that have not seen it yet.

        Raises:
            CheckFailed: It has not passed.
        """
        if not has_passed(self._store, task):
            check_stored(task, load_whole(self._store, task))
            save_output(self._store, checks_key(task.key), checks_digest(task.options.check), {})

    def load(self, key: str, task: str, *, canonical: bool) -> tuple[Any, str | None, str | None]:
        """Return what an entry of an upstream task holds, its digest and, if asked for, its canonical one.

        Raises:
            KeyError: There is none that can be loaded, so that it must be made again.
        """
        try:
            return _load(self._store_of(task), key, canonical)
        except OSError as error:
            if self._stand_in is None:
                raise
            import logging

            logging.getLogger("pyperunner").warning("the output of %s cannot be loaded: %s", task, error)
            raise KeyError(key) from error

    def save(
        self, task: Task, value: object, meta: Mapping[str, Any], canonical: Callable[[Any], str | None] | None = None
    ) -> tuple[Receipt, str]:
        """Store the output of a task; return the receipt, and why it is not in the run's own store, empty where it is.

        Raises:
            Exception: The output cannot be kept anywhere, with what the run's own store said.
        """
        if self._stand_in is None:
            return save_whole(self._store, task, value, meta, canonical), ""
        if self._stand_in.alone:
            return save_whole(self._other, task, value, meta, canonical), self._stand_in.why
        try:
            return save_whole(self._store, task, value, meta, canonical), ""
        except FileError:
            raise
        except OSError as error:
            refusal = error
        try:
            return save_whole(self._other, task, value, meta, canonical), str(refusal)
        except Exception:
            raise refusal from None

    @cached_property
    def _other(self) -> OutputStore:
        assert self._stand_in is not None
        return reopen_store(self._stand_in.spec)

    def _store_of(self, task: str) -> OutputStore:
        return self._other if self._stand_in is not None and task in self._stand_in.holds else self._store


def _load(store: OutputStore, key: str, canonical: bool) -> tuple[Any, str | None, str | None]:
    store = member_of(store, key)
    # Asking for a method is far cheaper for a child than isinstance with a protocol (SupportsDigest).
    load = getattr(store, "load_with_digest", None)
    if load is None or not hasattr(store, "files"):
        value, digest = load_output(store, key), store.meta(key).get("digest")
    else:
        value, digest = load(key)
    return value, digest, store.meta(key).get("canonical") if canonical else None
