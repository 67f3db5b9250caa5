"""What the tests of faults share: runners over every executor, ways to know that processes are gone, memory groups."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyperunner_runner.events import TaskOutput
from pyperunner_runner.executors.pool import PoolExecutor

WAYS = {
    "fork": {"start_method": "fork"},
    "forkserver": {"start_method": "forkserver"},
    "spawn": {"start_method": "spawn"},
    "pool": {"executor": PoolExecutor},
}

SHORT = [pytest.param(way, marks=pytest.mark.long) if way == "spawn" else way for way in WAYS]
"""What is begun by spawn goes on as a child of the fork server does, and takes seconds to begin."""


@pytest.fixture(params=SHORT)
def runner(kit, request):
    """A runner for each way to carry out tasks in processes."""
    return kit.runner(**WAYS[request.param])


@pytest.fixture(params=["fork", "pool"])
def quick_runner(kit, request):
    """A runner for each of the ways that do not start an interpreter."""
    return kit.runner(**WAYS[request.param])


@pytest.fixture(params=SHORT)
def listened(kit, request):
    """A runner for each way, and a list of the lines that its hooks hear of."""
    lines = []

    def hear(event):
        if isinstance(event, TaskOutput):
            lines.append(event)

    return kit.runner(**WAYS[request.param], hooks=[hear]), lines


def is_gone(pid: int, seconds: float = 1.0) -> bool:
    """Wait for the end of a process; a zombie has ended."""
    deadline = time.monotonic() + seconds
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def gone() -> Callable[..., bool]:
    """``gone(pid)``: whether a process has ended within a second."""
    return is_gone


@contextlib.contextmanager
def control_group(kind: str, **limits: object) -> Iterator[Path]:
    """Make a group of the first kind of control groups, and remove it; skip where that is not possible."""
    folder = Path(f"/sys/fs/cgroup/{kind}/pyperunner-test-{os.getpid()}-{time.monotonic_ns()}")
    try:
        folder.mkdir()
        for name, value in limits.items():
            (folder / name.replace("__", ".")).write_text(str(value))
    except OSError as error:
        pytest.skip(f"needs the right to make control groups of version 1: {error}")
    try:
        yield folder
    finally:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                folder.rmdir()
                break
            time.sleep(0.05)


@pytest.fixture
def group():
    """``with group("memory", memory__limit_in_bytes=…) as folder``."""
    return control_group
