"""Outputs that hold files: a stored output counts as there only as long as its files are what they were.

A store that ``SupportsFiles`` looks after this by itself. For any other the files in lists, tuples, sets and dicts are
recorded in the entry's meta, and compared when the output is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import TaskStoreError
from pyperunner_dag.ports import SupportsLocate, SupportsUsable
from pyperunner_dag.stores.routed import member_of

if TYPE_CHECKING:
    from pyperunner_dag.options import Options
    from pyperunner_dag.ports import OutputStore, Receipt
    from pyperunner_keys import File, FileState, Folder

__all__ = ["changed_outputs", "files_in", "is_stored", "load_output", "locate_output", "save_output"]

_RECORD = "files"
_CONTAINERS = (list, tuple, set, frozenset, dict)


def changed_outputs(store: OutputStore, keys: Iterable[str]) -> dict[str, str]:
    """Return those of ``keys`` whose outputs would not be loaded, with the reason: most often a file that has changed.

    Args:
        store: The store; from one that can't tell without loading, nothing is returned.
        keys: Keys of stored outputs.
    """
    keys = list(keys)
    faults = dict(store.unusable(keys)) if isinstance(store, SupportsUsable) else {}
    recorded = getattr(store, "files", None)
    if recorded is None:
        return faults
    found = {key: _recheck(records) for key, records in recorded(k for k in keys if k not in faults).items()}
    return faults | {key: fault for key, fault in found.items() if isinstance(fault, str)}


def is_stored(store: OutputStore, key: str) -> bool:
    """Return whether there is an output under ``key``, with the files it holds unchanged."""
    return not store.missing([key]) and not changed_outputs(store, [key])


def load_output(store: OutputStore, key: str) -> Any:
    """Return the output stored under ``key``.

    Raises:
        KeyError: There is none, or a file in it was changed or removed.
    """
    store = member_of(store, key)
    if not hasattr(store, "files"):
        from pyperunner_keys import note

        now = _recheck(store.meta(key).get(_RECORD, ()))
        if isinstance(now, str):
            raise KeyError(f"{key}: {now}")
        for state in now:
            note(state)
    return store.load(key)


def locate_output(store: OutputStore, name: str, data_path: str, key: str, filename: str | None) -> str:
    """Return the path of the file that holds an output, or of another file beside it. Creates nothing.

    Args:
        store: The store.
        name: Name of the task, for the error.
        data_path: Where the store is.
        key: Key of the output.
        filename: Name in the output's folder; ``None`` for that of the output's own file.

    Raises:
        TaskStoreError: The store keeps no files.
    """
    store = member_of(store, key)
    if not isinstance(store, SupportsLocate):
        # Not the whole URL: there may be a password in it.
        kind = data_path.partition("://")[0] or type(store).__name__
        raise TaskStoreError(name, f"its store ({kind}) keeps no files")
    return store.locate(key, filename)


def save_output(
    store: OutputStore, key: str, value: object, meta: Mapping[str, Any], options: Options | None = None
) -> Receipt:
    """Store an output, with the codec and in the format that options say, if the store knows any.

    Raises:
        FileError: A file in it is not there.
    """
    store = member_of(store, key)
    how = {} if options is None else _how(store, options)
    if hasattr(store, "files"):
        return store.save(key, value, meta, **how)
    from pyperunner_keys import look, recording

    records = [look(item).record() for item in files_in(value)]
    with recording():
        return store.save(key, value, {**meta, _RECORD: records} if records else meta, **how)


def _how(store: OutputStore, options: Options) -> dict[str, str]:
    asked = {"codec": options.codec, "format": options.format}
    return {name: how for name, how in asked.items() if how is not None and hasattr(store, f"check_{name}")}


def files_in(value: object) -> list[File | Folder]:
    """Return the files and folders in a nesting of lists, tuples, sets and dicts."""
    from pyperunner_keys import File, Folder

    found: dict[File | Folder, None] = {}
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, (File, Folder)):
            found[item] = None
        elif isinstance(item, _CONTAINERS) and id(item) not in seen:
            seen.add(id(item))
            stack.extend(item)
            if isinstance(item, dict):
                stack.extend(item.values())
    return list(found)


def _recheck(records: Iterable[Mapping[str, str]]) -> list[FileState] | str:
    """Return the files of a stored output as they are now, or what is the matter with one of them."""
    from pyperunner_keys import FileState

    found = []
    try:
        for record in records:
            now = FileState.of(record).recheck()
            if isinstance(now, str):
                return now
            found.append(now)
    except (ValueError, AttributeError, TypeError):
        return "what the store says of its files cannot be read"
    return found
