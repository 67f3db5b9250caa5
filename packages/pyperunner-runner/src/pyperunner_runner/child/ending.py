"""Ending of a process in which a task has run: what is left in buffers is written out first."""

from __future__ import annotations

import gc
import io
import os
import sys
import threading
import traceback
from collections.abc import Collection
from time import sleep  # a task may replace what is in the module
from typing import IO, NoReturn

from pyperunner_runner.processes import posix

__all__ = ["THREAD_SECONDS", "end_forked", "finish_threads", "flush", "streams_to"]

THREAD_SECONDS = 10.0  # so long may the threads of a task go on after its outcome was sent


def flush(*others: IO[str] | None) -> None:
    """Write out what is left in the buffers of Python's standard streams, of ``others`` and of C's."""
    for stream in (getattr(sys, "stdout", None), getattr(sys, "stderr", None), *others):
        try:
            stream.flush()  # type: ignore[union-attr]
        except BaseException:  # the task has closed or removed it, or put something else in its place
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


def finish_threads(task: str, code: int) -> None:
    """Let threads that are not daemons finish, as at the end of every Python process, but not without end.

    Args:
        task: Whose threads they are.
        code: Exit code of the process, which is ended where they take longer than ``THREAD_SECONDS``.
    """
    try:
        threading.Thread(target=_end_at_last, args=(task, code), daemon=True).start()
    except RuntimeError:  # no room for a thread, so nothing would end a wait
        return
    threading._shutdown()  # type: ignore[attr-defined]


def _end_at_last(task: str, code: int) -> None:
    sleep(THREAD_SECONDS)
    try:
        others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
        names = ", ".join(f"{thread.name}" for thread in others if not thread.daemon)
        late = f"{task} has returned, but {THREAD_SECONDS:g} s later its threads go on: {names}."
        words = f"{late} They end now; join them before it returns."
        os.write(2, f"{words}\n".encode(errors="backslashreplace"))  # the stream may be locked by one of them
    finally:
        os._exit(code)


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
