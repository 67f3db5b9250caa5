"""Database: the connection to one, when it is made, what it is set to, and what its errors mean to people."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import quote

from pyperunner_cache.backends.os_errors import translating
from pyperunner_cache.backends.writing import make_folder
from pyperunner_cache.errors import (
    DamagedEntryError,
    ForeignStoreError,
    LockTimeoutError,
    ReadOnlyStoreError,
    StorageError,
    StoreFullError,
)
from pyperunner_cache.system import Guard, other_writers

__all__ = ["Database"]

_VERSION = 1
_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL, modified REAL NOT NULL, used REAL NOT NULL, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS aside (id INTEGER PRIMARY KEY, key BLOB, size INTEGER, data BLOB);
CREATE TABLE IF NOT EXISTS usage (id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL);
PRAGMA user_version = {_VERSION};
COMMIT;
"""
_KNOWN = (
    "SELECT entries.id, key, size, modified, used, data "
    "FROM entries, (SELECT bytes FROM usage), (SELECT id FROM aside) LIMIT 0"
)
_WHAT_IS_THERE = (
    "SELECT user_version, (SELECT group_concat(name, ', ') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%') "
    "FROM pragma_user_version"
)
"""In one statement, because somebody else may be making the tables."""
_PARENTS_CONNECTIONS: list[sqlite3.Connection] = []
"""Connections inherited over a fork: closing them, also by collecting them, is not allowed in the child."""


class Database:
    """One connection per process, made when it is first needed, after a fork, and when another file took its place.

    A database that another program or a newer release has made is never written to, its version and journal included.

    Args:
        path: The file, absolute.
        timeout: Seconds to wait for another process's write transaction.
        shared: Files get the modes that the umask gives instead of 0600.
        durable: Every transaction reaches the disk before it is done.
    """

    def __init__(self, path: str, *, timeout: float, shared: bool, durable: bool) -> None:
        self.path, self.timeout, self.shared, self.durable = path, timeout, shared, durable
        self.others: str | None = None
        """Who else may have written the database that is open, as a clause."""
        self._guard = Guard(threading.RLock)
        self._connection: sqlite3.Connection | None = None
        self._pid = 0
        self._file = self._log = _NOWHERE

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()

    @contextmanager
    def using(self, action: str, key: str | None, *, create: bool) -> Iterator[sqlite3.Connection | None]:
        """Give the connection, or ``None`` where there is no database and none is to be made."""
        with self._guard.lock:
            try:
                yield self._connect(create)
            except sqlite3.Error as error:
                self._explain(error, action, key)

    def first(self, statement: str, arguments: tuple[Any, ...], action: str, key: str) -> tuple[Any, ...] | None:
        """Return the first row, or ``None``; without the context manager, which costs more than the question."""
        with self._guard.lock:
            try:
                connection = self._connect(create=False)
                return None if connection is None else connection.execute(statement, arguments).fetchone()
            except sqlite3.Error as error:
                self._explain(error, action, key)

    def is_in_place(self) -> bool:
        """Say whether what was just written lies where the next process will look: nobody has taken a file away."""
        with self._guard.lock:
            in_place = self._file == _identity(self.path)
            return in_place and self._log in (_NOWHERE, _identity(f"{self.path}-wal"))

    def close(self) -> None:
        """Close the connection."""
        with self._guard.lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                if self._pid == os.getpid():
                    connection.close()
                else:
                    _PARENTS_CONNECTIONS.append(connection)

    def _connect(self, create: bool) -> sqlite3.Connection | None:
        if self._connection is not None:
            if self._pid == os.getpid() and self._file == _identity(self.path):
                return self._connection
            self.close()
        self.others = self._find_others()
        if not os.path.exists(self.path):
            if not create:
                return None
            with translating("save", None, self.path):
                make_folder(os.path.dirname(self.path), 0o777 if self.shared else 0o700)
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o666 if self.shared else 0o600))
        self._file = _identity(self.path)  # before it is opened: one that takes its place meanwhile is noticed
        if not create and not os.access(self.path, os.W_OK):
            connection = _connect_read_only(self.path)
            try:
                is_made = self._is_made(connection)
            except BaseException:
                connection.close()
                raise
            if is_made:
                return self._remember(connection)
            connection.close()
            return None
        connection = sqlite3.connect(self.path, timeout=self.timeout, isolation_level=None, check_same_thread=False)
        try:
            is_made = self._is_made(connection)
            if not is_made and not create:
                connection.close()
                return None
            _enter_wal(connection, self.timeout)
            connection.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
            if not is_made:
                connection.executescript(_SCHEMA)
        except Exception as error:
            connection.close()
            if not isinstance(error, sqlite3.Error) or create or not os.access(self.path, os.R_OK):
                raise
            connection = _connect_read_only(self.path)
        return self._remember(connection)

    def _is_made(self, connection: sqlite3.Connection) -> bool:
        """Say whether the database has its tables; it has nothing at all otherwise. Only reads.

        Raises:
            ForeignStoreError: It has something else.
        """
        version, tables = connection.execute(_WHAT_IS_THERE).fetchone()
        reason = f"it was made by a newer release (version {version}, this one knows {_VERSION})"
        if version == _VERSION:
            try:
                connection.execute(_KNOWN)
            except sqlite3.OperationalError as error:
                if "no such" not in str(error):
                    raise
            else:
                return True
        if not tables and not version:
            return False
        if version <= _VERSION or "entries" not in (tables or ""):
            reason = f"it is the database of another program (version {version}, tables: {tables or 'none'})"
        _leave(connection)
        raise ForeignStoreError("use the database", None, self.path, reason)

    def _find_others(self) -> str | None:
        """Look at the database and what SQLite would take over from a connection that died: both may be planted."""
        for suffix in ("", "-wal", "-journal"):
            with contextlib.suppress(OSError):
                others = other_writers(os.stat(self.path + suffix))
                if others is not None:
                    return f"{others}: {os.path.basename(self.path)}{suffix}"
        return None

    def _remember(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        self._connection, self._pid, self._log = connection, os.getpid(), _identity(f"{self.path}-wal")
        return connection

    def _explain(self, error: sqlite3.Error, action: str, key: str | None) -> NoReturn:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise LockTimeoutError(f"the database, to {action} {key!r},", self.path, self.timeout) from error
        if "full" in text:
            raise StoreFullError(action, key, self.path, text) from error
        if "readonly" in text or "unable to open" in text:
            raise ReadOnlyStoreError(action, key, self.path, text) from error
        if "malformed" in text or "not a database" in text or "corrupt" in text:
            self.close()
            if action == "load":
                raise DamagedEntryError(f"the database is damaged ({text})") from error
            cause = f"the database is damaged ({text}): move it away and run again, its values are made anew"
            raise StorageError(action, key, self.path, cause) from error
        raise StorageError(action, key, self.path, text) from error


_NOWHERE = (0, 0)


def _identity(path: str) -> tuple[int, int]:
    """Return what tells the file at ``path`` from one that takes its place."""
    try:
        status = os.stat(path)
    except OSError:
        return _NOWHERE
    return status.st_dev, status.st_ino


def _leave(connection: sqlite3.Connection) -> None:
    """Close a stranger's database, without moving what its log holds into it where Python lets us say so."""
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
    connection.close()


def _enter_wal(connection: sqlite3.Connection, timeout: float) -> None:
    """Switch to write-ahead logging; SQLite itself does not wait for others that switch at the same moment."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _connect_read_only(path: str) -> sqlite3.Connection:
    """Open a database that may only be read; without the right to make its shared-memory file, as unchanging."""
    place = quote(path)
    connection = sqlite3.connect(f"file:{place}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT 1 FROM entries LIMIT 1")
    except sqlite3.OperationalError:
        connection.close()
        connection = sqlite3.connect(
            f"file:{place}?immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
    except BaseException:
        connection.close()
        raise
    return connection
