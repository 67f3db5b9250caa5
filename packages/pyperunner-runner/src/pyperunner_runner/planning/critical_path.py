"""Critical path: the longest path of work that each task still begins. Pure, linear in the graph's edges."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

__all__ = ["longest_paths"]


def longest_paths(
    order: Sequence[str],
    upstream: Mapping[str, Sequence[str]],
    runs: Collection[str],
    seconds: Mapping[str, float],
) -> dict[str, float]:
    """Return for each task that runs the seconds from its start to the end of the longest path that it begins.

    Starting the longest path first is the rule of critical-path scheduling (T. C. Hu, "Parallel sequencing and assembly
    line problems", 1961).

    Args:
        order: Task names, each after all its upstream tasks.
        upstream: The direct upstream tasks of each.
        runs: The tasks that run.
        seconds: How long tasks took earlier. One without a time counts as the mean of those that have one, as 1 where
            none has.
    """
    known = [seconds[name] for name in runs if name in seconds]
    usual = sum(known) / len(known) if known else 1.0
    paths = dict.fromkeys(runs, 0.0)
    for name in reversed(order):
        if name in paths:
            paths[name] += seconds.get(name, usual)
            for parent in upstream[name]:
                if paths.get(parent, paths[name]) < paths[name]:
                    paths[parent] = paths[name]
    return paths
