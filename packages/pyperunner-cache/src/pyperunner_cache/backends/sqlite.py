"""SQLite backend: entries in one SQLite file; large ones in files beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pyperunner_cache.backends.database import Database
from pyperunner_cache.backends.file import FileBackend
from pyperunner_cache.backends.names import split_key
from pyperunner_cache.backends.quarantine import MOST_FILES
from pyperunner_cache.entry.blobs import BytesBlob
from pyperunner_cache.errors import BadKeyError, BadURLError, CacheError, StorageError
from pyperunner_cache.ports import Blob, BlobInfo, Buffer

if TYPE_CHECKING:
    from pyperunner_cache.backends.locks import FileLock

__all__ = ["SqliteBackend"]

_BESIDE_FROM = 256 << 10
_TOUCH_AFTER = 60.0
_AT_ONCE = 500
_PUT = "INSERT OR REPLACE INTO entries (key, size, modified, used, data) VALUES (?, ?, ?, ?, ?)"
_GET = "SELECT id, data, modified, used FROM entries WHERE key = ?"
_WHICH = "SELECT key FROM entries WHERE key IN ({})"
_LIST = "SELECT key, size, modified, used, id FROM entries WHERE {}"
_DELETE = "DELETE FROM entries WHERE key = ?"
_REMOVE = "DELETE FROM entries WHERE id = ?"
_COUNT_ASIDE = "SELECT count(*), coalesce(sum(length(data)), 0) FROM aside"
_IS_SOUND = " AND ".join(
    f"typeof({column}) = '{kind}'"
    for column, kind in {"key": "blob", "size": "integer", "modified": "real", "used": "real", "data": "blob"}.items()
)
_ALL = f"SELECT id, key, length(data), {_IS_SOUND} FROM entries"
_ATTEMPTS = 10
_COUNT = """
BEGIN IMMEDIATE;
CREATE TRIGGER IF NOT EXISTS counted_in BEFORE INSERT ON entries BEGIN
    UPDATE usage SET bytes = bytes + NEW.size - coalesce((SELECT size FROM entries WHERE key = NEW.key), 0);
END;
CREATE TRIGGER IF NOT EXISTS counted_out AFTER DELETE ON entries BEGIN
    UPDATE usage SET bytes = bytes - OLD.size;
END;
INSERT OR REPLACE INTO usage (id, bytes) SELECT 1, coalesce(sum(size), 0) FROM entries;
COMMIT;
"""
_TRIM = "DELETE FROM aside WHERE id NOT IN (SELECT id FROM aside ORDER BY id DESC LIMIT ?)"


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
        self._database = Database(self.path, timeout=timeout, shared=shared, durable=durable)

    def __str__(self) -> str:
        return f"sqlite:///{self.path}"

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
        with self._database.using("ask for", None, create=False) as database:
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
        row = self._database.first(_GET, (packed,), "load", key)
        return self._files.get(key) if row is None else _RowBlob(self._database.others, *row)

    def peek(self, key: str) -> Blob:
        """Read the entry's row, which is small, or open its file."""
        return self.get(key)

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Insert a row, or write a file for what is large."""
        packed, size, start, source = _as_blob(key), 0, [], iter(chunks)
        for chunk in source:
            start.append(chunk)
            size += len(chunk)
            if size >= _BESIDE_FROM:
                return self._put_beside(key, packed, chain(start, source), filename)
        now = time.time()
        before = self._files.found(key) if os.path.isdir(self.root) else []
        row = (packed, size, now, now, b"".join(start))
        for _ in range(_ATTEMPTS):
            with self._database.using("save", key, create=True) as database:
                if database is not None:
                    database.execute(_PUT, row)
            if self._database.is_in_place():
                break
            self._database.close()
        else:
            raise StorageError("save", key, self.path, f"the database was taken away {_ATTEMPTS} times meanwhile")
        for file in before:
            file.remove()
        return size

    def _put_beside(self, key: str, packed: bytes, chunks: Iterable[Buffer], filename: str) -> int:
        """Write a file; the row that was there before goes, one that somebody inserts meanwhile does not."""
        row = self._database.first("SELECT id FROM entries WHERE key = ?", (packed,), "save", key)
        size = self._files.put(key, chunks, filename)
        if row is not None:
            with self._database.using("save", key, create=False) as database:
                if database is not None:
                    database.execute("DELETE FROM entries WHERE id = ?", row)
        return size

    def delete(self, key: str) -> bool:
        """Delete the row and the file."""
        found = False
        with self._database.using("delete", key, create=False) as database:
            if database is not None:
                found = database.execute(_DELETE, (_as_blob(key),)).rowcount > 0
        return self._files.delete(key) or found

    def remove(self, info: BlobInfo) -> bool:
        """Delete the very row, whose number no later one gets, or the file."""
        if not isinstance(info.version, int):
            return self._files.remove(info)
        with self._database.using("delete", info.key, create=False) as database:
            return database is not None and database.execute(_REMOVE, (info.version,)).rowcount > 0

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List rows, then files."""
        seen = set()
        with self._database.using("list", None, create=False) as database:
            rows = [] if database is None else database.execute(_LIST.format(_IS_SOUND)).fetchall()
        for packed, size, modified, used, row in rows:
            key = _as_key(packed)
            if key is not None and (name is None or key.rpartition("/")[0] == name):
                seen.add(key)
                yield BlobInfo(key, size, modified, used, row)
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
        if blob.used <= blob.modified or abs(now - blob.used) > _TOUCH_AFTER:
            try:
                with self._database.using("touch", key, create=False) as database:
                    if database is not None:
                        database.execute("UPDATE entries SET used = ? WHERE id = ?", (now, blob.row))
            except CacheError:
                pass  # a store that may only be read, or that somebody else writes to just now
        return None

    def set_aside(self, key: str, blob: Blob) -> str | None:
        """Move the row into the table ``aside``, or the file into the quarantine beside the database."""
        if not isinstance(blob, _RowBlob):
            return self._files.set_aside(key, blob)
        with self._database.using("set aside", key, create=False) as database:
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
        with self._database.using("ask for", None, create=False) as database:
            rows = (0, 0) if database is None else database.execute(_COUNT_ASIDE).fetchone()
        return count + rows[0], size + rows[1]

    def sweep(self, *, dry_run: bool = False, aside: bool = False) -> tuple[int, int]:
        """Remove temporary files of dead processes beside the database, and rows that nobody can have saved."""
        count, size = self._files.sweep(dry_run=dry_run, aside=aside)
        with self._database.using("sweep", None, create=False) as database:
            if database is None:
                return count, size
            unsound = [
                (row, bulk or 0) for row, key, bulk, sound in database.execute(_ALL) if not (sound and _as_key(key))
            ]
            rows = database.execute(_COUNT_ASIDE).fetchone() if aside else (0, 0)
            if not dry_run:
                database.executemany("DELETE FROM entries WHERE id = ?", [(row,) for row, _ in unsound])
                if aside:
                    database.execute("DELETE FROM aside")
        return count + len(unsound) + rows[0], size + sum(bulk for _, bulk in unsound) + rows[1]

    def tally(self, *, recount: bool = False) -> int:
        """Keep the total of the rows in a table of its own, that of the files in a ledger beside them."""
        with self._database.using("count the bytes of", None, create=True) as database:
            if database is None:
                return 0
            known = None if recount else database.execute("SELECT bytes FROM usage").fetchone()
            if known is None:
                database.executescript(_COUNT)
                known = database.execute("SELECT bytes FROM usage").fetchone()
        return int(known[0]) + self._files.tally(recount=recount)

    def close(self) -> None:
        """Close the connection."""
        self._database.close()


class _RowBlob(BytesBlob):
    def __init__(self, others: str | None, row: int, data: object, modified: object, used: object) -> None:
        # What another program has made of them is no entry, and is set aside like any other damage.
        super().__init__(data if isinstance(data, bytes) else b"", modified if isinstance(modified, float) else 0.0)
        self.others, self.row, self.used = others, row, used if isinstance(used, float) else 0.0


def _as_key(packed: object) -> str | None:
    """Return the key that `_as_blob` packed; ``None`` for what it never makes."""
    try:
        key = packed.decode("utf-8", "surrogatepass") if isinstance(packed, bytes) else ""
        return key if split_key(key) else None
    except (UnicodeDecodeError, BadKeyError):
        return None


def _as_blob(key: str) -> bytes:
    split_key(key)
    return key.encode("utf-8", "surrogatepass")
