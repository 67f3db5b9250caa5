"""A cache backend of one's own: one flat folder, a file per entry, each file's first line its key.

Registered under the entry point group ``pyperunner.backends`` as ``flat``, ``open_store("flat:some/folder")`` finds it;
``pyperunner_cache.testing.BackendContract`` says whether it keeps all its promises (it does).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pyperunner_cache.backends import BytesBlob, split_key, translating
from pyperunner_cache.ports import BlobInfo


class FlatBackend:
    """Keeps entries in one folder; see ``pyperunner_cache.ports.Backend`` for what each method promises."""

    def __init__(self, folder):
        self.folder = Path(folder).absolute()

    @classmethod
    def from_url(cls, url, **options):
        """Return the backend that an address such as ``flat:some/folder`` names."""
        return cls(url.removeprefix("flat:"), **options)

    def spec(self):
        """Return what another process opens it with."""
        return {"url": f"flat:{self.folder}"}

    def missing(self, keys):
        """Return the keys without an entry."""
        with translating("ask for", None, str(self.folder)):
            return {key for key in keys if not self._path(key).exists()}

    def get(self, key):
        """Return the bytes of an entry; ``KeyError`` if there is none."""
        return BytesBlob(*self._read(self._path(key))[1:])

    def put(self, key, chunks, filename):
        """Write an entry, whole or not at all, and return its size."""
        path, data = self._path(key), b"".join(chunks)
        with translating("save", key, str(path)):
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
                file.write(key.encode("utf-8", "surrogatepass").hex().encode() + b"\n" + data)
            Path(file.name).replace(path)
        return len(data)

    def delete(self, key):
        """Remove an entry, and say whether there was one."""
        path = self._path(key)
        with translating("delete", key, str(path)):
            there = path.exists()
            path.unlink(missing_ok=True)
        return there

    def scan(self, name=None):
        """Yield what there is, all or of one task."""
        with translating("list", None, str(self.folder)):
            files = os.listdir(self.folder) if self.folder.is_dir() else []
        for file in [each for each in files if each[0] != "."]:
            with suppress(KeyError):  # it was removed meanwhile
                key, data, modified = self._read(self.folder / file)
                if name is None or split_key(key)[0] == name:
                    yield BlobInfo(key, len(data), modified, modified)

    def close(self):
        """Do nothing: no file stays open."""

    def _path(self, key):
        split_key(key)
        return self.folder / hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()

    @staticmethod
    def _read(path):
        with translating("load", path.name, str(path)):
            try:
                line, _, data = path.read_bytes().partition(b"\n")
                return bytes.fromhex(line.decode()).decode("utf-8", "surrogatepass"), data, path.stat().st_mtime
            except FileNotFoundError:
                raise KeyError(path.name) from None
