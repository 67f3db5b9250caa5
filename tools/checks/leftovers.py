"""A plugin of pytest: tests leave nothing behind: no process at the end of the session, and no other folder or umask.

Processes are known by a variable that they inherit, so this reaches every session and every orphan. Those from which
that variable was taken away are found by ``adopt``, in which ``tools/check`` runs the tests.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest

__all__ = [
    "pytest_configure",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
]

_MARK = "PYTEST_LEFTOVERS_OF"
_PATIENCE = 2.0  # seconds in which helpers of a process that has ended notice it
_HELPERS = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")
"""Processes that Python starts beside one that uses ``multiprocessing``, as this one may; they end with it."""

_FOUND = pytest.StashKey[tuple[str, int]]()
_left: list[str] = []


def pytest_configure() -> None:
    """Mark what will be started; workers of pytest-xdist inherit the mark of the process that started them."""
    os.environ.setdefault(_MARK, str(os.getpid()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """Look at what is to stay as it is."""
    item.stash[_FOUND] = _folder_and_umask()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Put it back, and fail the test that has not done so itself."""
    yield
    found, left = item.stash[_FOUND], _folder_and_umask()
    if left != found:
        os.chdir(found[0])
        os.umask(found[1])
        pytest.fail(f"left behind: folder {left[0]} and umask {left[1]:o}, found {found[0]} and {found[1]:o}")


def _folder_and_umask() -> tuple[str, int]:
    umask = os.umask(0o77)
    os.umask(umask)
    return str(Path.cwd()), umask


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what is left."""
    if sys.platform != "linux" or os.environ.get(_MARK) != str(os.getpid()):
        return
    deadline = time.monotonic() + _PATIENCE
    while (left := _marked()) and time.monotonic() < deadline:
        time.sleep(0.02)
    while left:
        for pid, command in left.items():
            _left.append(f"left behind: {pid} {command}")
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        left = _marked()
    if _left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was left."""
    for line in _left:
        terminalreporter.write_line(line, red=True)


def _marked() -> dict[int, str]:
    """Return the command lines of the processes that this session has started, by process id."""
    mark = f"\0{_MARK}={os.getpid()}\0".encode()
    pids = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    found = [pid for pid in pids if pid != os.getpid() and mark in b"\0" + _read(pid, "environ")]
    commands = {pid: _read(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip() for pid in found}
    return {pid: command for pid, command in commands.items() if not any(helper in command for helper in _HELPERS)}


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:  # it belongs to somebody else, or has ended
        return b""
