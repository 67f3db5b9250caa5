"""Tree: a walk through the folders of a file store."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pyperunner_cache.backends.names import ENTRY_PREFIX, unsafe_name
from pyperunner_cache.backends.removal import version_of
from pyperunner_cache.backends.writing import TEMPORARY
from pyperunner_cache.entry.blobs import FileBlob
from pyperunner_cache.entry.envelope import key_of
from pyperunner_cache.ports import BlobInfo
from pyperunner_cache.system import READ_FLAGS

__all__ = ["entry_files", "temporary_files"]


def entry_files(root: str, folder: str | None = None) -> Iterator[BlobInfo]:
    """Yield the entries under ``root``, or those in its folder called ``folder``.

    A name that was cut is read from the entry itself.
    """
    for name_folder in [os.path.join(root, folder)] if folder is not None else _folders(root):
        name = unsafe_name(os.path.basename(name_folder))
        for hash_folder in _folders(name_folder):
            digest = unsafe_name(os.path.basename(hash_folder))
            files = [entry for entry in _listing(hash_folder) if entry.name.startswith(ENTRY_PREFIX)]
            for entry in sorted(files, key=lambda entry: entry.name):  # of two, the one that is read
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                key = f"{name}/{digest}" if name is not None and digest is not None else _key_inside(entry.path)
                if key is not None:
                    used = max(status.st_atime, status.st_mtime)
                    yield BlobInfo(key, status.st_size, status.st_mtime, used, version_of(status))
                break


def temporary_files(root: str) -> Iterator[str]:
    """Yield the paths of temporary files under ``root``."""
    for folder in (root, *_folders(root)):
        for inner in (folder, *(_folders(folder) if folder != root else ())):
            for entry in _listing(inner):
                if entry.name.startswith(TEMPORARY):
                    yield entry.path


def _key_inside(path: str) -> str | None:
    try:
        blob = FileBlob(os.open(path, READ_FLAGS))
    except OSError:
        return None
    try:
        return key_of(blob)
    finally:
        blob.close()


def _folders(folder: str) -> Iterator[str]:
    for entry in _listing(folder):
        if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield entry.path


def _listing(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
