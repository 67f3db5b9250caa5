"""Ledger file: a ledger of shared limits that the processes of one user on one host read and write in turn."""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_keys import digest
from pyperunner_results import process_identity, process_is_alive
from pyperunner_runner.errors import SharedLimitsError
from pyperunner_runner.execution.sharing.ledger import Ledger, Run, Ticket
from pyperunner_text.file_names import safe_name

if TYPE_CHECKING:
    from pyperunner_runner.planning.resources import Demand

__all__ = ["LedgerFile"]

_TURN_SECONDS = 1.0
"""A turn takes well under a millisecond; whoever is stopped in the middle of one keeps the others waiting so long."""
_PAUSE = 0.001
_MOST_BYTES = 64 << 20


class LedgerFile:
    """The ledger of one name.

    What processes of another boot, host or container have written is not seen here: nobody can say whether they live.

    Args:
        name: The name; with a separator in it, the path of the folder that the ledger is in.

    Raises:
        SharedLimitsError: There can be no such ledger: the folder is somebody else's, or the system has no locks.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            import fcntl  # noqa: F401
        except ImportError:
            raise SharedLimitsError(name, "this system has no locks for it") from None
        among = process_identity()
        where = digest([name, among["host"], among["space"]])[:16]
        try:
            folder, stem = (Path(name), "limits") if os.sep in name else (_own_folder(), name)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check(folder)
        except OSError as error:
            raise SharedLimitsError(name, str(error)) from error
        self._path = folder / f"{safe_name(stem)}-{where}"

    @contextmanager
    def turn(self) -> Iterator[Ledger]:
        """Give the ledger as it is, without what the dead have left in it; write down what becomes of it.

        Raises:
            OSError: Nobody else's turn ended in time, or the file cannot be read or written.
        """
        lock = _open(f"{self._path}.lock")
        try:
            _lock(lock)
            ledger = self._read()
            before = _dumped(ledger)
            ledger.forget(lambda run: process_is_alive(run.process) is not False)
            yield ledger
            after = _dumped(ledger)
            if after != before:
                self._write(after)
        finally:
            os.close(lock)

    def _read(self) -> Ledger:
        try:
            file = _open(f"{self._path}.json")
            with os.fdopen(file, "rb") as stream:
                return _loaded(json.loads(stream.read(_MOST_BYTES) or b"{}"))
        except (ValueError, TypeError, KeyError, AttributeError):
            return Ledger()  # nobody's: it is only ever put in its place whole

    def _write(self, text: str) -> None:
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=".ledger-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
            Path(temporary).replace(f"{self._path}.json")
        except BaseException:
            Path(temporary).unlink()
            raise


def _own_folder() -> Path:
    """Return the folder for what lives as long as its user is logged in, or one that is like it."""
    given = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if given.is_absolute() and given.is_dir():
        return given / "pyperunner"
    return Path(tempfile.gettempdir(), f"pyperunner-limits-{os.getuid()}")


def _check(folder: Path) -> None:
    found = os.lstat(folder)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise PermissionError(f"{folder} is no folder of this user's alone")


def _open(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)


def _lock(file: int) -> None:
    import fcntl

    end = time.monotonic() + _TURN_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(_PAUSE)


def _dumped(ledger: Ledger) -> str:
    runs = {run.id: run for run in (*(each[0] for each in ledger.held), *(each.run for each in ledger.tickets))}
    return json.dumps(
        {
            "runs": {run.id: {"name": run.name, "process": dict(run.process)} for run in runs.values()},
            "held": [
                [run.id, task, {name: str(amount) for name, amount in demand}] for run, task, demand in ledger.held
            ],
            "tickets": [[each.run.id, list(each.resources), each.number, each.seen] for each in ledger.tickets],
            "next": ledger.next,
        }
    )


def _loaded(found: Mapping[str, Any]) -> Ledger:
    runs = {key: Run(key, str(each["name"]), dict(each["process"])) for key, each in found.get("runs", {}).items()}
    return Ledger(
        [(runs[run], str(task), _demand(demand)) for run, task, demand in found.get("held", ())],
        [Ticket(runs[run], tuple(names), int(at), float(seen)) for run, names, at, seen in found.get("tickets", ())],
        int(found.get("next", 1)),
    )


def _demand(found: Mapping[str, str]) -> Demand:
    return tuple(sorted((name, Fraction(amount)) for name, amount in found.items()))
