"""Upstream of a detached task: what stands for the tasks that it needs; and keys of tasks that 0.2.0 pickled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyperunner_dag.identity.key import NONE, TaskKey
from pyperunner_dag.outputs.producer import Producer

__all__ = ["Upstream", "with_key"]


class Upstream(Producer):
    """Stands for a task upstream of a detached one: its name, its hash, the key of its output, and its outputs.

    Of a mapped task it holds the names and keys of the elements that have an output.
    """

    entries: list[tuple[str, str]] | None = None

    def __init__(
        self,
        name: str,
        hash_of_task: str,
        key: str,
        outputs: tuple[str, ...] = (),
        variant: str = "",
        prefix: str = "",
    ) -> None:
        super().__init__(name)
        self.variant, self.prefix = variant, prefix
        self._key = key
        if outputs:
            self.outputs = outputs
        self.identity = TaskKey()
        self.identity.hash = hash_of_task
        self.identity.is_fixed = True

    @property
    def key(self) -> str:
        """Key of the output."""
        return self._key

    def __setstate__(self, state: dict[str, Any]) -> None:
        known = with_key(state)
        self.__dict__.update({"_key": known.pop("key", ""), **known})  # version 0.2.0 had it under another name


def with_key(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of an unpickled task, with a key where version 0.2.0 had spread that over the task."""
    if "identity" in state:
        return dict(state)
    state, key = dict(state), TaskKey()
    key.hash, key.code = state.pop("_hash", None), state.pop("_code", None)
    key.defaults, read = state.pop("_defaults", None), state.pop("_read", None)
    key.take(state.pop("_digests", NONE), read)
    key.inputs = state.pop("_input_parts", NONE)
    key.files = {place: states for place, states in state.pop("_file_states", NONE).items() if states}
    return {**state, "identity": key}
