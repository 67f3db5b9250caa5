"""Disk cache of digests: what files held when they were last read, remembered across processes in a folder of the user.

A row says which digest the file at a place had under which signature. Losing the cache costs time, nothing else: what
is wrong with it, or with the folder it lies in, makes it empty. Every row carries a checksum of its own, because
nothing is done to get the rows safely to the disk.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import xxhash

if TYPE_CHECKING:
    import sqlite3

__all__ = ["DiskCache", "cache_file"]

_LARGEST = 64 << 20
"""Bytes above which the cache begins anew: places that are long gone stay in it."""
_AT_ONCE = 500
_PATIENCE_SECONDS = 1.0
_TABLE = "CREATE TABLE IF NOT EXISTS files (place BLOB PRIMARY KEY, signature, digest, seal) WITHOUT ROWID"
_GET = "SELECT place, signature, digest, seal FROM files WHERE place IN ({})"
_PUT = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)"


def cache_file() -> str:
    """Return where the cache of this user lies: below ``XDG_CACHE_HOME``, which is ``~/.cache`` if it is not set.

    Empty for a user without a home folder: then there is no cache.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # as the XDG Base Directory Specification asks
        base = os.environ.get("LOCALAPPDATA") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "pyperunner", "files-1.sqlite") if os.path.isabs(base) else ""


class DiskCache:
    """Digests by place and signature.

    A connection lives for one call only, so none crosses a fork.

    Args:
        file: Where it is kept; ``cache_file()`` if not given.
    """

    def __init__(self, file: str | None = None) -> None:
        self._file = cache_file() if file is None else file

    def get(self, signatures: Mapping[str, str]) -> dict[str, str]:
        """Return the digests of those places that were remembered under the given signature.

        Args:
            signatures: Signature by place.
        """
        if not os.path.exists(self._file):
            return {}
        found: dict[str, str] = {}
        places = [os.fsencode(place) for place in signatures]

        def ask(database: sqlite3.Connection) -> None:
            for start in range(0, len(places), _AT_ONCE):
                some = places[start : start + _AT_ONCE]
                for row in database.execute(_GET.format(",".join("?" * len(some))), some):
                    place = os.fsdecode(row[0])
                    if row[3] == _seal(*row[:3]) and row[1] == signatures[place]:
                        found[place] = row[2]

        self._use(ask)
        return found

    def put(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Remember rows of place, signature and digest."""
        packed = [(os.fsencode(place), signature, digest) for place, signature, digest in rows]

        def note(database: sqlite3.Connection) -> None:
            database.execute("BEGIN IMMEDIATE")
            database.execute(_TABLE)
            database.executemany(_PUT, [(*row, _seal(*row)) for row in packed])
            database.execute("COMMIT")

        if packed:
            self._use(note)

    def _use(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do some work with the database, as far as it goes."""
        import sqlite3

        try:
            if not self._is_sound():
                return
            database = sqlite3.connect(self._file, timeout=_PATIENCE_SECONDS, isolation_level=None)
            try:
                database.execute("PRAGMA synchronous = OFF")
                work(database)
            finally:
                database.close()
        except sqlite3.OperationalError:
            pass  # busy, read-only, or without a table yet
        except sqlite3.DatabaseError:
            self._drop()
        except OSError:
            pass

    def _is_sound(self) -> bool:
        """Make sure that the cache is there, and that no other user can say in it what is unchanged."""
        os.makedirs(os.path.dirname(self._file), 0o700, exist_ok=True)
        try:
            status = os.stat(self._file)
        except FileNotFoundError:
            # SQLite would let others read it. Only then: closing a file drops the locks that SQLite has on it.
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
            status = os.stat(self._file)
        if sys.platform != "win32" and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return False
        if status.st_size > _LARGEST:
            self._drop()
            return False
        return True

    def _drop(self) -> None:
        for file in (f"{self._file}-journal", self._file):
            try:
                os.unlink(file)
            except OSError:
                pass


def _seal(place: bytes, signature: str, digest: str) -> str:
    return xxhash.xxh3_64_hexdigest(b"%s\0%s\0%s" % (place, str(signature).encode(), str(digest).encode()))
