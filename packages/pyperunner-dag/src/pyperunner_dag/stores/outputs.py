"""Outputs that hold files: a stored output counts as there only as long as its files are what they were.

A store that ``SupportsFiles`` looks after this by itself. For any other the files in lists, tuples, sets and dicts are
recorded in the entry's meta, and compared when the output is loaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_dag.ports import OutputStore, Receipt
    from pyperunner_keys import File, Folder

__all__ = ["changed_outputs", "files_in", "is_stored", "load_output", "save_output"]

_RECORD = "files"
_CONTAINERS = (list, tuple, set, frozenset, dict)


def changed_outputs(store: OutputStore, keys: Iterable[str]) -> dict[str, str]:
    """Return those of ``keys`` whose outputs hold files that are not what they were, with what happened to one.

    Args:
        store: The store; from one that can't tell without loading, nothing is returned.
        keys: Keys of stored outputs.
    """
    recorded = getattr(store, "files", None)
    if recorded is None:
        return {}
    faults = {key: _fault(records) for key, records in recorded(keys).items()}
    return {key: fault for key, fault in faults.items() if fault}


def is_stored(store: OutputStore, key: str) -> bool:
    """Return whether there is an output under ``key``, with the files it holds unchanged."""
    return not store.missing([key]) and not changed_outputs(store, [key])


def load_output(store: OutputStore, key: str) -> Any:
    """Return the output stored under ``key``.

    Raises:
        KeyError: There is none, or a file in it was changed or removed.
    """
    if not hasattr(store, "files"):
        fault = _fault(store.meta(key).get(_RECORD, ()))
        if fault:
            raise KeyError(f"{key}: {fault}")
    return store.load(key)


def save_output(store: OutputStore, key: str, value: Any, meta: Mapping[str, Any]) -> Receipt:
    """Store an output.

    Raises:
        FileError: A file in it is not there.
    """
    if hasattr(store, "files"):
        return store.save(key, value, meta)
    from pyperunner_keys import look, recording

    records = [look(item).record() for item in files_in(value)]
    with recording():
        return store.save(key, value, {**meta, _RECORD: records} if records else meta)


def files_in(value: Any) -> list[File | Folder]:
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


def _fault(records: Iterable[Mapping[str, str]]) -> str | None:
    from pyperunner_keys import FileState

    try:
        faults = (FileState.of(record).fault() for record in records)
        return next((fault for fault in faults if fault), None)
    except (ValueError, AttributeError, TypeError):
        return "what the store says of its files cannot be read"
