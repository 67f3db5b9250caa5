"""Graph behind a report: who follows whom, how deep, and what took longest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

__all__ = ["critical_path", "order", "ranks", "upstream_of"]


def upstream_of(tasks: Mapping[str, Mapping[str, Any]]) -> list[list[int]]:
    """Return, for every task, the positions of its parents, of its named inputs, and of what it is mapped over."""
    positions = {name: number for number, name in enumerate(tasks)}

    def found(conf: Mapping[str, Any]) -> Iterator[int]:
        for name in (name for kind in ("parents", "inputs", "map") for name in _texts(conf.get(kind))):
            if name in positions:
                yield positions[name]

    return [list(dict.fromkeys(found(conf))) for conf in tasks.values()]


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in nested lists and mappings."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, (list, tuple)):
            stack.extend(reversed(item))


def order(upstream: Sequence[Sequence[int]]) -> list[int]:
    """Return positions such that upstream tasks come first; none if there is a cycle, which only an edited file has."""
    try:
        return list(TopologicalSorter(dict(enumerate(upstream))).static_order())
    except CycleError:
        return []


def ranks(upstream: Sequence[Sequence[int]], positions: Sequence[int]) -> list[int]:
    """Return the length of the longest path from a root to each task."""
    found = [0] * len(upstream)
    for task in positions:
        found[task] = max((found[up] + 1 for up in upstream[task]), default=0)
    return found


def critical_path(upstream: Sequence[Sequence[int]], positions: Sequence[int], seconds: Sequence[float]) -> list[int]:
    """Return the chain of tasks with the largest sum of ``seconds``, without those that took none."""
    total = list(seconds)
    before = [-1] * len(upstream)
    for task in positions:
        for up in upstream[task]:
            if total[up] + seconds[task] > total[task]:
                total[task], before[task] = total[up] + seconds[task], up
    path = []
    task = max(positions, key=total.__getitem__, default=-1)
    while task >= 0:
        path.append(task)
        task = before[task]
    return [task for task in reversed(path) if seconds[task] > 0]
