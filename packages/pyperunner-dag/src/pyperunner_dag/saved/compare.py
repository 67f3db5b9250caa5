"""Comparison of the tasks made from a saved pipeline with those that were saved: what differs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import HashMismatchError
from pyperunner_dag.identity.differences import differences
from pyperunner_dag.identity.hashing import kept_hash
from pyperunner_dag.schema import as_mapping, format_of

if TYPE_CHECKING:
    from pyperunner_dag.tasks import Task

__all__ = ["compare"]


def compare(saved: Mapping[str, Any], tasks: Mapping[str, Task]) -> None:
    """Compare hashes; where the saved ones have another format, say that this can't be done.

    Args:
        saved: The saved form of a pipeline; its sections ``keys`` and ``code`` may be missing.
        tasks: The tasks that were made.

    Raises:
        HashMismatchError: Some differ; the error says in what.
    """
    from pyperunner_keys import KEY_FORMAT

    # A pipeline written by hand has the promised sections alone, and hashes that were asked for today.
    written = format_of(saved.get("key_format")) if {"key_format", "keys"} & saved.keys() else KEY_FORMAT
    if written != KEY_FORMAT:
        message = (
            f"the hashes of this saved pipeline are not compared, because keys were made in another way then "
            f"(format {written}, now {KEY_FORMAT}); save it again to have them compared"
        )
        warnings.warn(message, UserWarning, stacklevel=3)
        return
    hashes = {name: entry["hash"] for name, entry in saved["tasks"].items()}
    changed = [name for name, task in tasks.items() if kept_hash(task) != hashes[name]]
    if changed:
        keys, code = as_mapping(saved.get("keys")), as_mapping(saved.get("code"))
        reasons = {name: _reasons(tasks[name], hashes, as_mapping(keys.get(name)), code) for name in changed}
        raise HashMismatchError(reasons)


def _reasons(task: Task, hashes: Mapping[str, str], key: Mapping[str, Any], code: Mapping[str, Any]) -> list[str]:
    """Say why the hash of a task is another one than was saved."""
    upstream = task.upstream
    now: dict[str, Any] = {**task.key_parts(), "inputs": {}, "parents": [[up.name, kept_hash(up)] for up in upstream]}
    recorded = isinstance(key.get("params"), Mapping)
    parents = [[up.name, hashes[up.name]] for up in upstream]
    before = {**(key if recorded else now), "format": now["format"], "inputs": {}, "parents": parents}
    if recorded:
        digest = str(key.get("code"))
        before["code"] = {"digest": digest, "root": now["code"]["root"], "parts": code.get(digest)}
    reasons = [found.text for found in differences(before, now, {}, task.fingerprint().places)]
    if not reasons and not recorded:
        reasons.append(f"hash {kept_hash(task)} instead of {hashes[task.name]}")
    return reasons or ["its parents, its inputs or its hash were edited in the saved pipeline"]
