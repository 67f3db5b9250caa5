"""Hashing of whole graphs: every key computed once, without recursion.

A hashed task has only hashed ancestors, so forgetting walks through hashed descendants alone and costs no more than
hashing them did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from pyperunner_dag.dag import cycle, reachable
from pyperunner_dag.errors import CycleError
from pyperunner_dag.identity.code import CodeReader
from pyperunner_dag.options import NO_OPTIONS
from pyperunner_dag.outputs.errors import NotYetKnownError
from pyperunner_dag.stores.outputs import files_in

if TYPE_CHECKING:
    from pyperunner_dag.identity.key import Keyed
    from pyperunner_dag.options import Options

__all__ = ["bind", "entry_hash", "forget", "hash_all", "hash_of", "kept_hash", "refresh_hashes", "resolve"]


def hash_of(task: Keyed) -> str:
    """Return the hash of ``task`` as it is now, having looked at all its ancestors.

    Raises:
        CycleError: The task is its own ancestor.
    """
    key = task.identity
    if not key.is_fixed or key.hash is None:
        _renew(_in_order(task))
    return key.hash or ""


def kept_hash(task: Keyed) -> str:
    """Return the hash of ``task`` as it was last asked for or planned with; it is computed if it never was.

    Raises:
        CycleError: The task is its own ancestor.
    """
    return task.identity.hash or hash_of(task)


def resolve(task: Keyed) -> None:
    """Make the hash in the key of a task whose upstream is known by now."""
    kept_hash(task)
    task.identity.resolve(task)


def entry_hash(task: Keyed) -> str:
    """Return the hash in the key of a task's output, as ``kept_hash`` does.

    Raises:
        NotYetKnownError: It depends on what a mapped task is mapped over, which is not known yet.
    """
    own = kept_hash(task)
    if not task.identity.is_open:
        return own
    if task.identity.entry is None:
        raise NotYetKnownError(task.name, "key", " and ".join(up.name for up in task.upstream[:3]) or task.name)
    return task.identity.entry


def _in_order(task: Keyed) -> list[Keyed]:
    """Return ``task`` and its ancestors, each after its own, without those whose hash is fixed."""
    found: dict[Keyed, None] = {}
    path: list[Keyed] = [task]
    seen: set[Keyed] = set()
    while path:
        node = path[-1]
        if node in found:  # it was needed by several
            path.pop()
            continue
        waiting = [up for up in node.upstream if up not in found and not up.identity.is_fixed]
        if not waiting:
            found[node] = None
        elif node in seen:
            raise CycleError(tuple(up.name for up in cycle({up: up.upstream for up in reachable([task], _upstream)})))
        else:
            seen.add(node)
            path += waiting
    return [*found]


def _upstream(task: Keyed) -> Iterable[Keyed]:
    return task.upstream


def _read_ahead(tasks: Iterable[Keyed]) -> None:
    """Read the files of tasks that were never hashed all at once, which is faster than one by one."""
    waiting = [task for task in tasks if not task.identity.is_read]
    if waiting:
        from pyperunner_keys import look_ahead

        look_ahead(item for task in waiting for item in files_in(list(task.params.values())))


def bind(dag: Iterable[Keyed], defaults: Options) -> None:
    """Make ``defaults`` what counts of the code of those tasks of ``dag`` that do not say so themselves."""
    said = None if defaults == NO_OPTIONS else defaults
    for task in dag:
        key = task.identity
        if key.defaults is not said and key.defaults != said:
            key.forget_code()
            forget(task)
            key.defaults = said


def hash_all(dag: Iterable[Keyed]) -> None:
    """Hash those tasks of ``dag`` that are not, in one pass; they come each after its ancestors."""
    tasks = [task for task in dag if task.identity.hash is None]
    _read_ahead(tasks)
    codes = CodeReader()
    for task in tasks:
        task.identity.compute(task, codes)


def forget(task: Keyed) -> None:
    """Forget the hash of ``task`` and those of its descendants."""
    stack = [task] if task.identity.hash is not None else []
    while stack:
        node = stack.pop()
        node.identity.hash = None
        stack.extend(child for child in node.children if child.identity.hash is not None)


def refresh_hashes(dag: Collection[Keyed], defaults: Options | None = None) -> None:
    """Compute every hash of ``dag`` afresh: params are read again, and code where it may have changed.

    Args:
        dag: The graph.
        defaults: What counts of the code where a task does not say so itself (see ``code_options``); it stays with the
            tasks until they are hashed with others. ``None`` leaves it as it is.

    Raises:
        UnhashableParamError: A param was changed into something that has no stable encoding.
        CodeGapError: Something in the code of a task cannot be followed, and its options say ``strict=True``.
    """
    if defaults is not None:
        bind(dag, defaults)
    _renew(dag)


def _renew(tasks: Collection[Keyed]) -> None:
    """Make the hashes of tasks, which come each after its ancestors, those of today; keep what is the same."""
    _read_ahead(tasks)
    codes = CodeReader()
    for task in tasks:
        key = task.identity
        before, code = key.hash, key.code
        as_read = key.is_as_read(task.params)
        same = as_read and before is not None and key.seeds == codes.seeds
        if same and code is not None and key.renew(task, codes) is code:
            key.unloaded = codes.unloaded(code)
            continue
        if not as_read:
            key.read(task)
        if key.compute(task, codes) != before and before is not None:
            for child in task.children:
                forget(child)
