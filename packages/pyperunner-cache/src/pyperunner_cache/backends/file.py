"""File backend: entries as files, ``<root>/<safe name>/<hash>/result.dump.gz``."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from pyperunner_cache.backends.locks import FileLock
from pyperunner_cache.backends.names import BESIDE, ENTRY_PREFIX, KNOWN_FILENAMES, key_digest, safe_name, split_key
from pyperunner_cache.backends.os_errors import translate, translating
from pyperunner_cache.backends.quarantine import Quarantine
from pyperunner_cache.backends.removal import FoundFile, find_file, version_of
from pyperunner_cache.backends.size_ledger import Ledger
from pyperunner_cache.backends.tree import entry_files, missing_keys, survey_files
from pyperunner_cache.backends.writing import Counted, is_plain, make_folder, sweep_file, write_atomically
from pyperunner_cache.entry.blobs import FileBlob, PeekedBlob
from pyperunner_cache.errors import BadKeyError, BadURLError, CacheError
from pyperunner_cache.system import READ_FLAGS

if TYPE_CHECKING:
    from pyperunner_cache.ports import Blob, BlobInfo, Buffer

__all__ = ["FileBackend"]

_LOCK = ".lock"
_BYTES = (1 << 62) - 1
_LEDGER = ".usage"
_TOUCH_AFTER = 60.0
_folder_of_name = lru_cache(1000)(safe_name)
_SMALL = 8192
_MANY = 100  # keys, beyond which listings cost less than looking for each


class FileBackend:
    """Keeps each entry in a file of its own.

    Args:
        root: The store's folder; made at the first save.
        shared: Files and folders get the modes that the umask gives instead of 0600 and 0700.
        durable: A save returns only when file and folder are on the disk.
    """

    survives_fork = True
    """Files are open while they are read or written, not between."""

    def __init__(self, root: str | os.PathLike[str], *, shared: bool = False, durable: bool = False) -> None:
        self.root = os.path.abspath(os.fspath(root))
        self.shared, self.durable = shared, durable
        self._file_mode, self._folder_mode = (0o666, 0o777) if shared else (0o600, 0o700)
        self._quarantine = Quarantine(self.root, self._folder_mode)
        self._ledger = Ledger(os.path.join(self.root, _LEDGER), self._file_mode, lambda: self.survey()[1])

    def __str__(self) -> str:
        return self.root

    @classmethod
    def from_url(cls, url: str, **options: Any) -> FileBackend:
        """Open the folder that a path or a ``file:`` URL names."""
        if not url.startswith("file:"):
            return cls(url, **options)
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost") or parts.query or parts.fragment:
            raise BadURLError(url, "a file: URL is 'file:' and a path, with no host, query or fragment")
        if not parts.path:
            raise BadURLError(url, "it has no path")
        return cls(unquote(parts.path), **options)

    def spec(self) -> dict[str, Any]:
        """Return the folder and the options."""
        return {"url": self.root, "shared": self.shared, "durable": self.durable}

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Look for each key's file; of many keys list the folders of their names, which say most of it."""
        wanted = list(keys)
        if len(wanted) <= _MANY:
            return {key for key in wanted if not _is_there(self._folder(key))}
        return missing_keys(self.root, wanted)

    def get(self, key: str) -> Blob:
        """Open the entry's file."""
        folder = self._folder(key)
        for filename in KNOWN_FILENAMES:
            file = f"{folder}{os.sep}{filename}"
            try:
                return self._open(file)
            except (FileNotFoundError, NotADirectoryError):
                pass
            except OSError as error:
                raise translate(error, "load", key, file) from error
        path = _listed(folder)
        if path is None:
            raise KeyError(key)
        try:
            return self._open(path)
        except FileNotFoundError:
            raise KeyError(key) from None
        except OSError as error:
            raise translate(error, "load", key, path) from error

    def peek(self, key: str) -> Blob:
        """Read the beginning of the entry, which of a small one is all."""
        file = f"{self._folder(key)}{os.sep}{KNOWN_FILENAMES[0]}"
        try:
            fd = os.open(file, READ_FLAGS)
        except OSError:
            return self.get(key)
        try:
            first = os.read(fd, _SMALL)
            size = len(first) if len(first) < _SMALL else os.fstat(fd).st_size
        except OSError:  # a folder, or a pipe
            size = -1
        os.close(fd)
        return self.get(key) if size < 0 else PeekedBlob(file, first, size)

    def plain(self, keys: Iterable[str]) -> set[str]:
        """Look at the times of the entries' folders, and whether this user may read the files."""
        return {key for key in keys if _is_plain(self._folder(key))}

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Write a temporary file in the entry's folder and rename it."""
        return self._put(key, chunks, filename)

    def put_plain(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Do as `put` does, and note that the entry is plain in the times of its folder."""
        if type(self).put is not FileBackend.put:  # a subclass that puts in another way does so with plain ones, too
            return self.put(key, chunks, filename)
        return self._put(key, chunks, filename, plain=filename in KNOWN_FILENAMES)

    def _put(self, key: str, chunks: Iterable[Buffer], filename: str, *, plain: bool = False) -> int:
        folder = self._folder(key)
        path = f"{folder}{os.sep}{filename}"
        count = Counted(chunks)
        try:
            before = self.found(key, but=filename)
            write_atomically(
                folder,
                filename,
                count,
                file_mode=self._file_mode,
                folder_mode=self._folder_mode,
                durable=self.durable,
                replacing=self._accounted(key),
                plain=plain,
            )
            for other in before:
                with self._accounted(key):
                    other.remove()
        except CacheError:
            raise
        except OSError as error:
            raise translate(error, "save", key, path, count.size) from error
        return count.size

    def delete(self, key: str) -> bool:
        """Remove the entry's file, and its folder where nothing else is in it."""
        found = False
        while (path := self.located(key)) is not None:
            with translating("delete", key, path), self._accounted(key):
                found = _unlink(path) or found
        self._remove_rest(key)
        return found

    def remove(self, info: BlobInfo) -> bool:
        """Remove the entry's file if it is still the listed one."""
        for file in self._looked_at(info.key):
            if version_of(file.status) == info.version:
                with translating("delete", info.key, file.path), self._accounted(info.key):
                    gone = file.take()
                self._remove_rest(info.key)
                return gone
        return False

    def put_beside(self, key: str, content: Buffer | None) -> None:
        """Write the file into the entry's folder, as entries are written."""
        folder = self._folder(key)
        path = f"{folder}{os.sep}{BESIDE}"
        with translating("save", key, path):
            if content is None:
                _unlink(path)
                return
            file_mode, folder_mode = self._file_mode, self._folder_mode
            write_atomically(
                folder, BESIDE, [content], file_mode=file_mode, folder_mode=folder_mode, durable=self.durable
            )

    def found(self, key: str, but: str = "") -> list[FoundFile]:
        """Look at the entry's files, but for the one called ``but``; only a race of two codecs leaves more than one."""
        return list(self._looked_at(key, but))

    def _looked_at(self, key: str, but: str = "") -> Iterator[FoundFile]:
        folder, any_known = self._folder(key), False
        for name in KNOWN_FILENAMES:
            file = None if name == but else find_file(f"{folder}{os.sep}{name}")
            if file is not None:
                any_known = True
                yield file
        path = None if any_known or but else self.located(key)
        if path is not None and (other := find_file(path)) is not None:
            yield other

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """Walk the folders."""
        with translating("list", None, self.root):
            for entry in entry_files(self.root, None if name is None else safe_name(name)):
                if name is None or entry.key.rpartition("/")[0] == name:
                    yield entry

    def survey(self, but: str | None = None) -> tuple[int, int, int, int]:
        """Look at the folders of the entries, and into those that are not sealed."""
        with translating("list", None, self.root):
            count, size, temporary = survey_files(self.root, None if but is None else safe_name(but))
        orphans = [found for path in temporary if (found := sweep_file(path, dry_run=True)) is not None]
        return count, size, len(orphans), sum(orphans)

    def locate(self, key: str, filename: str) -> str:
        """Return the path of ``filename`` in the entry's folder."""
        folder = self._folder(key)
        path = os.path.normpath(os.path.join(folder, filename))
        if "\0" in filename or not path.startswith(folder + os.sep):
            raise BadKeyError(f"{key}/{filename}")
        return path

    def located(self, key: str) -> str | None:
        """Return the path of the entry's file."""
        return _located(self._folder(key))

    def lock(self, key: str, timeout: float | None = None) -> FileLock:
        """Lock the key's byte of ``<root>/.lock``."""
        split_key(key)
        return _StoreLock(self.root, key, timeout, self._file_mode, self._folder_mode)

    def touch(self, key: str, blob: Blob) -> None:
        """Set the file's access time; mounts that do not keep it by themselves keep an explicit one."""
        if not isinstance(blob, FileBlob) or os.utime not in os.supports_fd:
            return
        now = time.time()
        if blob.stat.st_atime <= blob.stat.st_mtime or abs(now - blob.stat.st_atime) > _TOUCH_AFTER:
            try:
                os.utime(blob.fd, ns=(int(now * 1e9), blob.stat.st_mtime_ns))
            except OSError:
                pass  # a store that may only be read

    def set_aside(self, key: str, blob: Blob) -> str | None:
        """Move the file into ``<root>/.quarantine``."""
        path = self.located(key)
        if path is None or not isinstance(blob, FileBlob):
            return None
        with self._accounted(key):
            return self._quarantine.take(path, key, lambda status: _is_of(blob, status))

    def aside(self) -> tuple[int, int]:
        """Count the files in ``<root>/.quarantine``."""
        return self._quarantine.usage()

    def sweep(self, *, dry_run: bool = False, aside: bool = False) -> tuple[int, int]:
        """Remove temporary files of dead processes."""
        with translating("sweep", None, self.root):
            sizes = [sweep_file(path, dry_run=dry_run) for path in survey_files(self.root)[2]]
        gone = [size for size in sizes if size is not None]
        if aside:
            count, size = self._quarantine.usage()
            if not dry_run:
                self._quarantine.clear()
            return len(gone) + count, sum(gone) + size
        return len(gone), sum(gone)

    def tally(self, *, recount: bool = False) -> int:
        """Keep the total in ``<root>/.usage``."""
        if not os.path.isdir(self.root):
            return 0
        with translating("count the bytes of", None, self.root):
            return self._ledger.total(recount=recount)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _accounted(self, key: str) -> AbstractContextManager[None]:
        return self._ledger.changing(lambda: sum(file.status.st_size for file in self.found(key)[:1]))

    def _remove_rest(self, key: str) -> None:
        """Remove what lies beside an entry that is gone, and the folders where nothing else is in them."""
        folder = self._folder(key)
        if not self.found(key):
            with suppress(OSError):
                _unlink(f"{folder}{os.sep}{BESIDE}")
        _remove_emptied(folder)

    def _folder(self, key: str) -> str:
        name, digest = split_key(key)
        return f"{self.root}{os.sep}{_folder_of_name(name)}{os.sep}{safe_name(digest)}"

    @staticmethod
    def _open(path: str) -> FileBlob:
        try:
            blob = FileBlob(os.open(path, READ_FLAGS), path)
        except FileNotFoundError:
            raise
        except OSError:
            if not os.path.lexists(path) or stat.S_ISREG(os.lstat(path).st_mode):
                raise
        else:
            if stat.S_ISREG(blob.stat.st_mode):
                return blob
            blob.close()
        # A link, a folder or a pipe lies where the entry should: to be set aside like any other damage.
        return FileBlob(os.open(os.devnull, os.O_RDONLY), path, is_stand_in=True)


class _StoreLock(FileLock):
    def __init__(self, folder: str, key: str, timeout: float | None, file_mode: int, folder_mode: int) -> None:
        byte = int(key_digest(key), 16) & _BYTES
        super().__init__(os.path.join(folder, _LOCK), byte, f"the lock of {key!r}", timeout, file_mode)
        self._folder, self._key, self._folder_mode = folder, key, folder_mode

    def __enter__(self) -> FileLock:
        with translating("lock", self._key, self._folder):
            while True:
                try:
                    return super().__enter__()
                except FileNotFoundError:
                    make_folder(self._folder, self._folder_mode)


def _is_there(folder: str) -> bool:
    """Say whether there is an entry in a folder."""
    try:
        os.lstat(f"{folder}{os.sep}{KNOWN_FILENAMES[0]}")
    except OSError:
        return _located(folder) is not None
    return True


def _is_plain(folder: str) -> bool:
    try:
        status = os.lstat(folder)
    except OSError:
        return False
    return is_plain(status) and any(os.access(f"{folder}{os.sep}{name}", os.R_OK) for name in KNOWN_FILENAMES)


def _located(folder: str) -> str | None:
    for filename in KNOWN_FILENAMES:
        path = os.path.join(folder, filename)
        if os.path.lexists(path):
            return path
    return _listed(folder)


def _listed(folder: str) -> str | None:
    """Return the path of an entry's file by whatever name."""
    try:
        others = os.listdir(folder)
    except OSError:
        return None
    return next((os.path.join(folder, other) for other in others if other.startswith(ENTRY_PREFIX)), None)


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _remove_emptied(folder: str) -> None:
    """Remove the entry's folder and the one of its name where nothing else is in them."""
    for emptied in (folder, os.path.dirname(folder)):
        try:
            os.rmdir(emptied)
        except OSError:
            break


def _is_of(blob: FileBlob, status: os.stat_result) -> bool:
    """Say whether ``status`` is that of the file which ``blob`` was opened from."""
    if blob.is_stand_in:
        return not stat.S_ISREG(status.st_mode)
    return (status.st_dev, status.st_ino) == (blob.stat.st_dev, blob.stat.st_ino)
