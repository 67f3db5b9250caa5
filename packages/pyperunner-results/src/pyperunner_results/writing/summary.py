"""Summary of a run: the facts that a listing shows, small enough to read ten thousand of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pyperunner_results.shape import as_mapping, as_mappings
from pyperunner_results.strict_json import to_json
from pyperunner_text.sha256 import sha256

if TYPE_CHECKING:
    from pyperunner_results.schema import Summary

__all__ = ["describe_pipeline", "noting_params"]

_PARAMS = 200
_VALUE_CHARS = 80


def describe_pipeline(conf: Mapping[str, object]) -> Summary:
    """Return what ``summary.json`` keeps of a ``pipeline.yaml``: git state, params, number of tasks, version.

    Of very many or long params only the beginning is kept, and ``params_digest`` still tells whether any differ.

    Args:
        conf: The pipeline's YAML form. Where it comes from :func:`noting_params`, its tasks have been read.
    """
    tasks = conf.get("tasks")
    if not isinstance(tasks, _NotingTasks):
        tasks = _NotingTasks(as_mapping(tasks))
        for name in tasks:
            tasks[name]
    run = as_mapping(conf.get("run"))
    first = next(iter(as_mappings(as_mapping(run.get("env")).get("repositories"))), {})
    return {
        "total": len(tasks),
        "pyperunner": run.get("pyperunner"),
        "git": {"commit": first.get("commit"), "dirty": first.get("dirty")} if first else None,
        "params": dict(tasks.first),
        "params_digest": _digest(tasks.params),
    }


def noting_params(conf: Mapping[str, object]) -> Mapping[str, object]:
    """Return a ``pipeline.yaml`` whose tasks, each of which is perhaps made when it is read, are read but once.

    What the summary says of their params is noted meanwhile.
    """
    tasks = conf.get("tasks")
    return {**conf, "tasks": _NotingTasks(tasks)} if isinstance(tasks, Mapping) else conf


class _NotingTasks(Mapping[str, object]):
    """Tasks by name, whose params are noted when they are read.

    Attributes:
        params: All of them as JSON, by ``task.param``: of a hundred thousand tasks a dict for each is too much.
        first: The first of them, short and for people.
    """

    def __init__(self, tasks: Mapping[str, object]) -> None:
        self._tasks = tasks
        self.params: dict[str, str] = {}
        self.first: dict[str, str] = {}

    def __getitem__(self, name: str) -> object:
        task = self._tasks[name]
        for param, value in as_mapping(as_mapping(task).get("params")).items():
            whole = f"{name}.{param}"
            self.params[whole] = to_json(value)
            if len(self.first) < _PARAMS:
                self.first[whole] = _short(to_json(value, for_people=True))
        return task

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)


def _digest(params: Mapping[str, str]) -> str:
    """Return that of the JSON of a sorted list of names and values, which is never in memory as a whole."""
    found = sha256(b"[")
    for at, name in enumerate(sorted(params)):
        found.update(f"{',' if at else ''}[{to_json(name)},{params[name]}]".encode())
    found.update(b"]")
    return found.hexdigest()[:16]


def _short(text: str) -> str:
    if len(text) <= _VALUE_CHARS:
        return text
    return f"{text[: _VALUE_CHARS - 12]}…#{sha256(text.encode()).hexdigest()[:8]}"
