"""Whether the tasks made from a saved pipeline are the ones that were saved, and if not, what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag._errors import HashMismatchError

if TYPE_CHECKING:
    from pyperunner_dag._task import Task

__all__ = ["compare"]


def compare(entries: Mapping[str, Any], keys: Any, tasks: Mapping[str, Task]) -> None:
    """Compare hashes.

    Args:
        entries: Section ``tasks`` of the saved form.
        keys: Its section ``keys``, if it has one.
        tasks: The tasks that were made.

    Raises:
        HashMismatchError: Some differ; the error says in what.
    """
    changed = {name for name, task in tasks.items() if task.hash() != entries[name]["hash"]}
    if changed:
        saved = keys if isinstance(keys, Mapping) else {}
        differences = {name: _reasons(tasks[name], entries[name], saved.get(name), changed) for name in entries}
        raise HashMismatchError({name: reasons for name, reasons in differences.items() if name in changed})


def _reasons(task: Task, entry: Mapping[str, Any], saved: Any, changed: set[str]) -> list[str]:
    """Say why the hash of a task is another one than was saved."""
    reasons: list[str] = []
    if isinstance(saved, Mapping) and isinstance(saved.get("params"), Mapping):
        before, after = saved["params"], task._digests
        for name in dict.fromkeys([*before, *after]):
            if before.get(name) != after.get(name):
                how = "added" if name not in before else "removed" if name not in after else "changed"
                reasons.append(f"param {name} {how}")
        if saved.get("code") != task.fingerprint().digest:
            reasons.append("code changed")
    reasons.extend(f"upstream {parent.name} changed" for parent in task.upstream if parent.name in changed)
    if not reasons and saved is None:
        reasons.append(f"hash {task.hash()} instead of {entry['hash']}")
    return reasons or ["its parents, its inputs or its hash were edited in the saved pipeline"]
