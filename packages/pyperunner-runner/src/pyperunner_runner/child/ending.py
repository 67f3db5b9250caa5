"""Ending of a process in which a task has run: what is left in buffers is written out first."""

from __future__ import annotations

import gc
import io
import os
import sys
import traceback
from collections.abc import Collection
from typing import IO, NoReturn

from pyperunner_runner.processes import posix

__all__ = ["end_forked", "flush", "streams_to"]


def flush(*others: IO[str] | None) -> None:
    """Write out what is left in the buffers of Python's standard streams, of ``others`` and of C's."""
    for stream in (sys.stdout, sys.stderr, *others):
        try:
            stream.flush()  # type: ignore[union-attr]
        except BaseException:  # the task has closed it, or put something else in its place
            pass
    posix.flush_c_streams()


def streams_to(fds: Collection[int]) -> list[IO[str]]:
    """Return the text streams to descriptors that came to exist since ``gc.freeze``, however they are kept.

    The end of a Python process would write out what is in them.
    """
    found: list[IO[str]] = []
    for one in gc.get_objects():
        if type(one) is io.TextIOWrapper:
            try:
                if one.fileno() in fds:
                    found.append(one)
            except ValueError:  # closed, or detached
                pass
    return found


def end_forked(error: BaseException | None = None) -> NoReturn:
    """End a process that a task has forked, as Python ends a program.

    Args:
        error: What has ended it, if anything.
    """
    code = 1
    try:
        if error is None:
            code = 0
        elif issubclass(type(error), SystemExit):
            code = _exit_code(error)
        else:
            traceback.print_exception(type(error), error, error.__traceback__)
        flush()
    finally:
        os._exit(code)


def _exit_code(error: BaseException) -> int:
    given = error.args[0] if error.args else None
    if given is None or isinstance(given, int):
        return (given or 0) & 0xFF
    print(given, file=sys.stderr)
    return 1
