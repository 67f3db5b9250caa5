"""Threads of this process that a copy of it would have to do without, those of libraries included.

A fork copies one thread. Whatever another one holds at that moment, such as the lock of a logging handler, is held by
nobody in the copy, and waited for without end; a pool whose threads are gone waits for itself. Threads that this does
not hold for are in ``HARMLESS``, and timers that wait for their time.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from bisect import bisect_right
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

__all__ = ["HARMLESS", "Harmless", "is_patched", "threads_that_matter"]


class Harmless(NamedTuple):
    """Idle threads of a library that a copy does well without. Each row is proved by ``tests/faults/test_threads.py``.

    Attributes:
        library: Name of the file whose code the threads run, as a pattern.
        thread: Their name in the system, as a pattern.
        why: What becomes of them.
    """

    library: str
    thread: str
    why: str


HARMLESS = (
    Harmless("lib*openblas*", "*", "OpenBLAS ends its threads before a fork and makes new ones where it needs them"),
    Harmless("*", "jemalloc_bg_thd", "jemalloc holds its own locks during a fork, and makes the thread anew"),
    Harmless("libarrow.so*", "*", "Arrow makes its pools anew in the copy"),
    Harmless("_polars_runtime*", "polars-ooc-clea", "polars needs it to tidy up after what did not fit into memory"),
)

_PATIENCE_SECONDS = 0.25  # OpenBLAS goes on looking for work for some hundredths of a second before it sleeps
_LOOK_SECONDS = 0.01
_MOST_STACK = 1 << 16
_SYSTEM = ("libc.", "libc-", "libpthread", "ld-", "libstdc++", "libgcc_s", "libm.")
_WORD = struct.calcsize("P")


def is_patched() -> bool:
    """Whether gevent has put its own in the place of what waits in this process."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and any(map(monkey.is_module_patched, ("os", "select", "socket", "thread")))


def threads_that_matter() -> list[str]:
    """Return the names of the threads beside the caller's for whose sake this process had better not be forked.

    Those of native code are looked at where the system shows them (Linux). A Python without the GIL counts as one.
    """
    found = ["a Python without the GIL"] if not getattr(sys, "_is_gil_enabled", lambda: True)() else []
    native = _native_threads()
    others = [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
    alive = [thread for thread in others if native is None or thread.native_id in native]
    found += [thread.name for thread in alive if not _is_waiting_timer(thread)]
    unknown = (native or set()) - {thread.native_id for thread in others} - {threading.get_native_id()}
    return found + _names(unknown) if unknown else found


def _is_waiting_timer(thread: threading.Thread) -> bool:
    """Whether a thread waits until it is time, and has begun with nothing yet."""
    frame = sys._current_frames().get(thread.ident or 0) if isinstance(thread, threading.Timer) else None
    return frame is not None and frame.f_code is threading.Condition.wait.__code__


def _native_threads() -> set[int] | None:
    try:
        return set(map(int, os.listdir("/proc/self/task")))
    except OSError:
        return None


def _names(threads: set[int]) -> list[str]:
    """Return the names of those of some native threads that are not harmless; busy ones get a moment to calm down."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        code = _MappedCode()
        seen = [sight for thread in threads if (sight := code.look(thread)) is not None]
        if time.monotonic() > deadline or not any(sight.busy for sight in seen):
            return sorted(sight.name for sight in seen if not sight.harmless)
        time.sleep(_LOOK_SECONDS)


class _Sight(NamedTuple):
    """What can be seen of a native thread: its name, and whose code it sleeps in, of which a busy one shows none."""

    thread: str
    libraries: frozenset[str]
    busy: bool = False

    @property
    def harmless(self) -> bool:
        rows = [row for row in HARMLESS if fnmatchcase(self.thread, row.thread)]
        return bool(self.libraries) and any(
            all(fnmatchcase(library, row.library) for library in self.libraries) for row in rows
        )

    @property
    def name(self) -> str:
        return f"{self.thread} of {' and '.join(sorted(self.libraries)) or 'unknown code'}"


class _MappedCode:
    """Where this process has code in its memory, and thereby whose code a thread runs."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ranges: list[tuple[int, int, bool, str]] = []
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            for line in file:
                span, flags, _, _, _, *path = line.split(maxsplit=5)
                start, end = (int(part, 16) for part in span.split("-"))
                self._starts.append(start)
                self._ranges.append((start, end, "x" in flags, Path(path[0].strip()).name if path else ""))

    def look(self, thread: int) -> _Sight | None:
        """Return what can be seen of a thread; ``None`` if it is gone."""
        try:
            with open(f"/proc/self/task/{thread}/comm", encoding="utf-8", errors="replace") as file:
                name = file.read().strip()
            with open(
                f"/proc/self/task/{thread}/syscall", encoding="utf-8", errors="replace"
            ) as file:  # proc(5): number, arguments, stack, code
                words = file.read().split()
        except FileNotFoundError:
            return None
        except OSError:  # the system does not show it
            return _Sight("a thread", frozenset())
        if words[0] == "running":
            return _Sight(name, frozenset(), busy=True)
        found = {self._code_at(address) for address in self._stack(int(words[-2], 16))}
        return _Sight(name, frozenset(file for file in found if file and not file.startswith(_SYSTEM)))

    def _stack(self, top: int) -> tuple[int, ...]:
        place = self._range(top)
        if place is None:
            return ()
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            data = os.pread(memory.fileno(), min(place[1] - top, _MOST_STACK), top)
        count = len(data) // _WORD
        return struct.unpack_from(f"{count}P", data)

    def _code_at(self, address: int) -> str:
        place = self._range(address)
        return place[3] if place is not None and place[2] else ""

    def _range(self, address: int) -> tuple[int, int, bool, str] | None:
        index = bisect_right(self._starts, address) - 1
        place = self._ranges[index] if index >= 0 else None
        return place if place is not None and address < place[1] else None
