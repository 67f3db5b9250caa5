"""Preload: packages that tasks import by themselves, imported once for all processes that will be forked from this one.

An import that leaves threads that matter, or an open device, would be no help: a copy can use neither. Which do is
found in a process that is thrown away, and remembered for as long as the package stays what it is.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import selectors
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from pyperunner_keys.files.disk_cache import cache_file
from pyperunner_runner.processes.threads import threads_that_matter

__all__ = ["preload"]

_PROBE_SECONDS = 60.0  # all that is not imported by then is left to the tasks; what takes long is worth the wait
_HARMLESS_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "pts/", "ptmx", "shm/")


def preload(names: Iterable[str]) -> None:
    """Import what can be imported here without harm.

    Args:
        names: ``package.module``, and ``package.module:name`` for what is imported from one.
    """
    wanted = [name for name in sorted(names) if not _is_loaded(name)]
    memory = _Memory() if wanted else None
    if memory is None:
        return
    unknown = [name for name in wanted if memory.get(name) is None]
    for name in wanted:
        if memory.get(name):
            _load(name)
    while unknown:
        count, in_time = _probe(unknown)
        for name in unknown[:count]:
            _load(name)
        memory.put(dict.fromkeys(unknown[:count], True))
        if not in_time:
            break
        memory.put(dict.fromkeys(unknown[count : count + 1], False))
        unknown = unknown[count + 1 :]
    memory.keep()


def _is_loaded(name: str) -> bool:
    module, _, attribute = name.partition(":")
    loaded = sys.modules.get(module)
    return loaded is not None and (not attribute or attribute in vars(loaded))


def _load(name: str) -> None:
    module, _, attribute = name.partition(":")
    with contextlib.suppress(Exception):  # the task that needs it will meet it, and say so
        loaded = importlib.import_module(module)
        if attribute and not hasattr(loaded, attribute):
            importlib.import_module(f"{module}.{attribute}")


def _probe(names: list[str]) -> tuple[int, bool]:
    """Import in a process that is thrown away.

    Returns:
        How many of the names, from the first on, did no harm, and whether there was time enough.
    """
    read, write = os.pipe()
    devices = _devices()
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            for name in names:
                _load(name)
                if threads_that_matter() or _devices() - devices:
                    break
                os.write(write, b".")
        finally:
            os._exit(0)
    os.close(write)
    count, in_time, deadline = 0, True, time.monotonic() + _PROBE_SECONDS
    with open(read, "rb", buffering=0) as pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while in_time := bool(selector.select(max(0.0, deadline - time.monotonic()))):
            data = pipe.read(4096)
            if not data:
                break
            count += len(data)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return count, in_time


def _devices() -> set[str]:
    """Return the devices that this process has open, such as those of graphics processors."""
    found = set()
    for fd in os.listdir("/proc/self/fd") if Path("/proc/self/fd").is_dir() else ():
        with contextlib.suppress(OSError):
            found.add(os.readlink(f"/proc/self/fd/{fd}"))  # noqa: PTH115 - a device need not be a path that exists
    return {path for path in found if path.startswith("/dev/") and not path[5:].startswith(_HARMLESS_DEVICES)}


class _Memory:
    """Remembers in a file of the user which imports do no harm. Losing it costs a process that is thrown away."""

    def __init__(self) -> None:
        file = cache_file()
        self._file = Path(file).with_name("imports-1.json") if file else None
        self._known: dict[str, bool] = {}
        self._new: dict[str, bool] = {}
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(self._file.read_text(encoding="utf-8")) if self._file else {}
            self._known = {key: value for key, value in found.items() if isinstance(value, bool)}

    def get(self, name: str) -> bool | None:
        return self._known.get(self._key(name))

    def put(self, found: dict[str, bool]) -> None:
        self._new |= {self._key(name): harmless for name, harmless in found.items()}
        self._known |= self._new

    def keep(self) -> None:
        if not self._new or self._file is None:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False) as file:
                json.dump(self._known, file)
            Path(file.name).replace(self._file)

    @staticmethod
    def _key(name: str) -> str:
        """Return a text that changes with the package's version and with Python's."""
        spec = importlib.util.find_spec(name.partition(":")[0].partition(".")[0])
        origin = spec.origin if spec is not None and spec.origin else ""
        version: tuple[int, ...] = ()
        with contextlib.suppress(OSError):
            state = Path(origin).stat()
            version = state.st_mtime_ns, state.st_size
        return " ".join(map(str, (name, origin, *version, sys.version_info[:3])))
