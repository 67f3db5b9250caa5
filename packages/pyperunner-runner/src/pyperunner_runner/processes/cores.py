"""Cores: how many processors this process may use, by its affinity and by the quotas of its control groups."""

from __future__ import annotations

import math
import os
from pathlib import Path

from pyperunner_runner.processes.control_groups import folders_of_version_2, own_paths

__all__ = ["allowed_cores", "usable_cores"]


def usable_cores(root: str = "/") -> int:
    """Return how many processors may be kept busy, at least 1.

    Args:
        root: Where ``proc`` and ``sys`` are.

    Source: the Linux kernel's documents on control groups: ``cpu.max`` of version 2, ``cpu.cfs_quota_us`` of version 1.
    """
    quotas = [quota for folder in _groups(Path(root)) if (quota := _quota(folder)) is not None]
    return max(1, min([allowed_cores(), *map(math.ceil, quotas)]))


def allowed_cores() -> int:
    """Return how many processors this process may run on, quotas aside; libraries make so many threads each."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _groups(root: Path) -> list[Path]:
    """Return the folders of the groups that this process is in, and of those above them."""
    mounted, found = root / "sys/fs/cgroup", []
    for controllers, path in own_paths(root):
        if controllers == "" or "cpu" in controllers.split(","):
            version_1 = (mounted / controllers, mounted / "cpu")
            for mount in folders_of_version_2(root) if controllers == "" else version_1:
                group = mount / path.lstrip("/")
                found += [group, *(above for above in group.parents if above.is_relative_to(mount))]
    return found


def _quota(group: Path) -> float | None:
    """Return the processors that a group may use; ``None`` where it does not limit them."""
    quota, _, period = _read(group / "cpu.max").partition(" ")
    if not quota:
        quota, period = _read(group / "cpu.cfs_quota_us"), _read(group / "cpu.cfs_period_us")
    try:
        return int(quota) / int(period) if int(quota) > 0 else None
    except (ValueError, ZeroDivisionError):  # "max", or no such file
        return None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, ValueError):
        return ""
