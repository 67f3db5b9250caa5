"""Starts fresh interpreters that begin where they are told to, with open descriptors and pickled luggage."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_runner.executors.supervisor.transport import World

__all__ = ["main", "start_python"]

# The path must be right before anything can be imported or unpickled.
_BEGIN = """\
import pickle, sys
file = open(int(sys.argv[1]), "rb")
sys.path[:] = pickle.load(file)
from pyperunner_runner.executors.supervisor.interpreter import main
main(file)
"""


def start_python(world: World, begin: Callable[..., None], luggage: Any, fds: Sequence[int]) -> int:
    """Start an interpreter that calls ``begin(world, luggage, fds)``; return its process id.

    Args:
        world: What it must know before it can unpickle anything.
        begin: A function of a module of this package.
        luggage: What it gets; it is pickled.
        fds: Descriptors that it inherits, under the same numbers. They stay inheritable in this process.

    Raises:
        OSError: There is no room for another process.
    """
    with _private_file() as file:
        pickle.dump(world.path, file)
        pickle.dump((world, begin, luggage), file, protocol=5)
        file.flush()
        file.seek(0)
        for fd in (file.fileno(), *fds):
            os.set_inheritable(fd, True)
        flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        command = [sys.executable, *flags, "-c", _BEGIN, *map(str, (file.fileno(), *fds))]
        return os.posix_spawn(sys.executable, command, os.environ)


def main(file: IO[bytes]) -> None:
    """Begin, in the fresh interpreter.

    Args:
        file: Luggage, read up to the path.
    """
    with file:
        world, begin, luggage = pickle.load(file)
    fds = tuple(map(int, sys.argv[2:]))
    for fd in fds:
        os.set_inheritable(fd, False)
    world.enter()
    begin(world, luggage, fds)


def _private_file() -> IO[bytes]:
    """Return a file that no other process can open; in memory where the system has that, for there may be secrets."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pyperunner"), "w+b")
    return tempfile.TemporaryFile()
