"""Fresh interpreters that begin where they are told to, with open descriptors."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from pyperunner_runner.processes import posix

if TYPE_CHECKING:
    from pyperunner_runner.executors.supervisor.transport import InterpreterState

__all__ = ["Beginning", "command_of", "main", "start_python", "write_beginning"]

# The path must be right before anything can be imported or unpickled.
_BEGIN = """\
import pickle, sys
file = open(int(sys.argv[1]) if sys.argv[1].isdigit() else sys.argv[1], "rb")
sys.path[:] = pickle.load(file)
from pyperunner_runner.executors.supervisor.interpreter import main
main(file)
"""


class Beginning(Protocol):
    """What a fresh interpreter does. It is pickled on its way."""

    def __call__(self, state: InterpreterState, fds: tuple[int, ...]) -> object:
        """Do it, with the descriptors that were handed on."""
        ...


def start_python(state: InterpreterState, begin: Beginning, fds: Sequence[int]) -> int:
    """Start an interpreter that calls ``begin(state, fds)``; return its process id.

    Args:
        state: What it must know before it can unpickle anything.
        begin: Of a class of this package.
        fds: Descriptors that it inherits, under the same numbers. They stay inheritable in this process.

    Raises:
        OSError: There is no room for another process.
    """
    with _private_file() as file:
        write_beginning(file, state, begin)
        file.flush()
        file.seek(0)
        for fd in (file.fileno(), *fds):
            os.set_inheritable(fd, True)
        return os.posix_spawn(sys.executable, command_of(file.fileno(), fds), os.environ)


def write_beginning(file: IO[bytes], state: InterpreterState, begin: Beginning) -> None:
    """Write what ``main`` reads."""
    pickle.dump(state.path, file)
    pickle.dump((state, begin), file, protocol=5)


def command_of(source: int | str, fds: Sequence[int] = ()) -> list[str]:
    """Return the command of a fresh interpreter that has this one's flags.

    Args:
        source: Descriptor or path of a file made by ``write_beginning``.
        fds: Descriptors to hand on.
    """
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    if sys.version_info >= (3, 11) and not sys.flags.safe_path and _current_folder_is_gone():
        # With `-c` alone, 3.13 looks for the current folder whenever a module lacks an attribute; without one it fails.
        flags.append("-P")
    return [sys.executable, *flags, "-c", _BEGIN, *map(str, (source, *fds))]


def main(file: IO[bytes]) -> None:
    """Begin, in the fresh interpreter.

    Args:
        file: Made by ``write_beginning``, read up to the path.
    """
    posix.occupy_standard_descriptors()
    with file:
        state, begin = pickle.load(file)
    fds = tuple(map(int, sys.argv[2:]))
    for fd in fds:
        os.set_inheritable(fd, False)
    state.enter()
    begin(state, fds)


def _current_folder_is_gone() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False


def _private_file() -> IO[bytes]:
    """Return a file that no other process can open; in memory where the system has that, for there may be secrets."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("pyperunner"), "w+b")
    return tempfile.TemporaryFile()
