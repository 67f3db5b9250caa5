"""Entries in one SQLite file; large ones in files beside it."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote, unquote

from .._blobs import BytesBlob
from .._errors import (
    BadURLError,
    CacheError,
    DamagedEntryError,
    LockTimeoutError,
    ReadOnlyStoreError,
    StoreError,
    StoreFullError,
)
from .._names import split_key
from .._translate import translating
from ..ports import Blob, BlobInfo, Buffer
from ._quarantine import MOST_FILES
from ._writing import make_folder
from .file import FileBackend

if TYPE_CHECKING:
    from .._locks import FileLock

__all__ = ["SqliteBackend"]

_BESIDE_FROM = 256 << 10
_TOUCH_AFTER = 60.0
_AT_ONCE = 500
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
_PUT = "INSERT OR REPLACE INTO entries (key, size, modified, used, data) VALUES (?, ?, ?, ?, ?)"
_GET = "SELECT id, data, modified, used FROM entries WHERE key = ?"
_WHICH = "SELECT key FROM entries WHERE key IN ({})"
_LIST = "SELECT key, size, modified, used FROM entries"
_DELETE = "DELETE FROM entries WHERE key = ?"
_TRIM = "DELETE FROM aside WHERE id NOT IN (SELECT id FROM aside ORDER BY id DESC LIMIT ?)"
_PARENTS_CONNECTIONS: list[sqlite3.Connection] = []
"""Connections inherited over a fork: closing them, also by collecting them, is not allowed in the child."""


class SqliteBackend:
    """Keeps small entries in a database in WAL mode and large ones in ``<database>.files``.

    Args:
        path: The database; made, with its folder, at the first save.
        timeout: Seconds to wait for another process's write transaction.
        shared: Files get the modes that the umask gives instead of 0600.
        durable: Every save reaches the disk before it returns.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        timeout: float = 10.0,
        shared: bool = False,
        durable: bool = False,
    ) -> None:
        self.path = os.path.abspath(os.fspath(path))
        self.timeout, self.shared, self.durable = timeout, shared, durable
        self.root = self.path + ".files"
        self._files = FileBackend(self.root, shared=shared, durable=durable)
        self._guard = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._pid = 0

    def __str__(self) -> str:
        return f"sqlite:///{self.path}"

    def __del__(self) -> None:
        if getattr(self, "_connection", None) is not None:
            self.close()

    @classmethod
    def from_url(cls, url: str, **options: Any) -> SqliteBackend:
        """Open ``sqlite:///relative/file.db`` or ``sqlite:////absolute/file.db``, as SQLAlchemy reads them."""
        path = unquote(url.removeprefix("sqlite:///"))
        if not url.startswith("sqlite:///") or not path or path.endswith("/"):
            raise BadURLError(url, "write 'sqlite:///' and the path of a database file (four slashes: absolute)")
        return cls(path, **options)

    def spec(self) -> dict[str, Any]:
        """Return the file and the options."""
        options = {"timeout": self.timeout, "shared": self.shared, "durable": self.durable}
        return {"url": f"sqlite:///{quote(self.path)}", **options}

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Ask the database, then look for files."""
        absent = {key: _as_blob(key) for key in keys}
        with self._using("ask for", None, create=False) as database:
            if database is not None:
                packed = list(absent.values())
                found: set[bytes] = set()
                for start in range(0, len(packed), _AT_ONCE):
                    some = packed[start : start + _AT_ONCE]
                    marks = ",".join("?" * len(some))
                    found.update(row[0] for row in database.execute(_WHICH.format(marks), some))
                absent = {key: value for key, value in absent.items() if value not in found}
        return self._files.missing(absent)

    def get(self, key: str) -> Blob:
        """Read the entry's row, or open its file."""
        packed = _as_blob(key)
        with self._guard:
            try:
                database = self._connect(create=False)
                row = None if database is None else database.execute(_GET, (packed,)).fetchone()
            except sqlite3.Error as error:
                self._explain(error, "load", key)
        return self._files.get(key) if row is None else _RowBlob(*row)

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Insert a row, or write a file for what is large."""
        packed, size, start, source = _as_blob(key), 0, [], iter(chunks)
        for chunk in source:
            start.append(chunk)
            size += len(chunk)
            if size >= _BESIDE_FROM:
                size = self._files.put(key, chain(start, source), filename)
                with self._using("save", key, create=False) as database:
                    if database is not None:
                        database.execute(_DELETE, (packed,))
                return size
        now = time.time()
        with self._using("save", key, create=True) as database:
            if database is not None:
                database.execute(_PUT, (packed, size, now, now, b"".join(start)))
        if os.path.isdir(self.root):
            self._files.delete(key)
        return size

    def delete(self, key: str) -> bool:
        """Delete the row and the file."""
        found = False
        with self._using("delete", key, create=False) as database:
            if database is not None:
                found = database.execute(_DELETE, (_as_blob(key),)).rowcount > 0
        return self._files.delete(key) or found

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List rows, then files."""
        seen = set()
        with self._using("list", None, create=False) as database:
            rows = [] if database is None else database.execute(_LIST).fetchall()
        for packed, size, modified, used in rows:
            key = packed.decode("utf-8", "surrogatepass")
            if name is None or key.rpartition("/")[0] == name:
                seen.add(key)
                yield BlobInfo(key, size, modified, used)
        for info in self._files.scan(name):
            if info.key not in seen:
                yield info

    def lock(self, key: str, timeout: float | None = None) -> FileLock:
        """Lock a file beside the database: its own locks are held per transaction and cover everything."""
        return self._files.lock(key, timeout)

    def touch(self, key: str, blob: Blob) -> None:
        """Note the time, at most once a minute."""
        if not isinstance(blob, _RowBlob):
            return self._files.touch(key, blob)
        now = time.time()
        if blob.used <= blob.modified or now - blob.used > _TOUCH_AFTER:
            try:
                with self._using("touch", key, create=False) as database:
                    if database is not None:
                        database.execute("UPDATE entries SET used = ? WHERE id = ?", (now, blob.row))
            except CacheError:
                pass  # a store that may only be read, or that somebody else writes to just now
        return None

    def set_aside(self, key: str, blob: Blob) -> str | None:
        """Move the row into the table ``aside``, or the file into the quarantine beside the database."""
        if not isinstance(blob, _RowBlob):
            return self._files.set_aside(key, blob)
        with self._using("set aside", key, create=False) as database:
            if database is None:
                return None
            database.execute(
                "INSERT INTO aside (key, size, data) SELECT key, size, data FROM entries WHERE id = ?", (blob.row,)
            )
            database.execute("DELETE FROM entries WHERE id = ?", (blob.row,))
            database.execute(_TRIM, (MOST_FILES,))
        return f"a row of table 'aside' in {self.path}"

    def aside(self) -> tuple[int, int]:
        """Count what was set aside."""
        count, size = self._files.aside()
        with self._using("ask for", None, create=False) as database:
            if database is not None:
                row = database.execute("SELECT count(*), coalesce(sum(size), 0) FROM aside").fetchone()
                count, size = count + row[0], size + row[1]
        return count, size

    def sweep(self, *, dry_run: bool = False, aside: bool = False) -> tuple[int, int]:
        """Remove temporary files of dead processes beside the database."""
        rows = self._count_rows_aside() if aside else (0, 0)
        count, size = self._files.sweep(dry_run=dry_run, aside=aside)
        if aside and not dry_run:
            with self._using("sweep", None, create=False) as database:
                if database is not None:
                    database.execute("DELETE FROM aside")
        return count + rows[0], size + rows[1]

    def _count_rows_aside(self) -> tuple[int, int]:
        files, rows = self._files.aside(), self.aside()
        return rows[0] - files[0], rows[1] - files[1]

    def tally(self, added: int = 0, *, total: int | None = None) -> int:
        """Keep the total in a table of its own."""
        with self._using("count the bytes of", None, create=True) as database:
            if database is None:
                return 0
            known = database.execute("SELECT bytes FROM usage").fetchone()
            if total is None and known is not None:
                database.execute("UPDATE usage SET bytes = bytes + ?", (added,))
                return int(known[0]) + added
            if total is None:
                total = sum(info.size for info in self.scan())
            database.execute("INSERT OR REPLACE INTO usage (id, bytes) VALUES (1, ?)", (total,))
            return total

    def close(self) -> None:
        """Close the connection."""
        with self._guard:
            connection, self._connection = self._connection, None
            if connection is not None:
                if self._pid == os.getpid():
                    connection.close()
                else:
                    _PARENTS_CONNECTIONS.append(connection)

    @contextmanager
    def _using(self, action: str, key: str | None, *, create: bool) -> Iterator[sqlite3.Connection | None]:
        """Give the connection, or ``None`` where there is no database and none is to be made."""
        with self._guard:
            try:
                yield self._connect(create)
            except sqlite3.Error as error:
                self._explain(error, action, key)

    def _connect(self, create: bool) -> sqlite3.Connection | None:
        if self._connection is not None and self._pid == os.getpid():
            return self._connection
        self.close()
        if not os.path.exists(self.path):
            if not create:
                return None
            with translating("save", None, self.path):
                make_folder(os.path.dirname(self.path), 0o777 if self.shared else 0o700)
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o666 if self.shared else 0o600))
        elif not create and not os.access(self.path, os.W_OK):
            return self._remember(_connect_read_only(self.path))
        connection = sqlite3.connect(self.path, timeout=self.timeout, isolation_level=None, check_same_thread=False)
        try:
            _enter_wal(connection, self.timeout)
            connection.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'NORMAL'}")
            if connection.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            if create or not os.access(self.path, os.R_OK):
                raise
            connection = _connect_read_only(self.path)
        return self._remember(connection)

    def _remember(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        self._connection, self._pid = connection, os.getpid()
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
            raise StoreError(action, key, self.path, cause) from error
        raise StoreError(action, key, self.path, text) from error


class _RowBlob(BytesBlob):
    def __init__(self, row: int, data: bytes, modified: float, used: float) -> None:
        super().__init__(data, modified)
        self.row, self.used = row, used


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
    return connection


def _as_blob(key: str) -> bytes:
    split_key(key)
    return key.encode("utf-8", "surrogatepass")
