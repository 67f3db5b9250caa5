"""Contents of files and folders, read as far as they are not remembered: by this process, or by the disk cache."""

from __future__ import annotations

import os
from collections.abc import Iterable

from pyperunner_keys.encoding.plain import digest_plain
from pyperunner_keys.errors import FileError
from pyperunner_keys.files.disk_cache import DiskCache
from pyperunner_keys.files.signatures import (
    FileDigest,
    count_names,
    file_signature,
    folder_files,
    folder_signatures,
    read_file,
)

__all__ = ["file_content", "file_effort", "folder_content", "folder_effort", "folder_signature", "read_ahead"]

_REMEMBERED = 100_000
_STARS = 3
"""More of them in one pattern make comparing a path with it slow."""
_remembered: dict[str, FileDigest] = {}
"""Contents that this process knows, by place."""


def file_content(place: str, name: str) -> FileDigest:
    """Return what a file holds now.

    Args:
        place: Its absolute path.
        name: What to call it in an error.

    Raises:
        FileError: It is not there, is no file, may not be read, or keeps changing.
    """
    return _recall(place, file_signature(place, name)) or _remember({place: read_file(place, name)})[place]


def read_ahead(places: Iterable[str]) -> None:
    """Make the contents of many files known with two trips to the disk cache; what cannot be read is left for later."""
    signatures: dict[str, str] = {}
    for place in places:
        try:
            signature = file_signature(place, place)
        except FileError:
            continue
        known = _remembered.get(place)
        if known is None or known.signature != signature:
            signatures[place] = signature
    for place, digest in DiskCache().get(signatures).items() if signatures else ():
        _keep(place, FileDigest(digest, signatures.pop(place)))
    fresh = {}
    for place in signatures:
        try:
            fresh[place] = read_file(place, place)
        except FileError:
            continue
    if fresh:
        _remember(fresh)


def folder_content(place: str, glob: str, name: str) -> FileDigest:
    """Return what the files in a folder hold now, by their relative names.

    Args:
        place: The folder's absolute path.
        glob: Which files count.
        name: What to call the folder in an error.

    Raises:
        FileError: It is not there, is no folder, or something in it may not be read.
    """
    files = dict(folder_files(place, glob, name))
    signatures = folder_signatures(files)
    whole, title = digest_plain(signatures), f"{place}{os.sep}{glob}"
    known = _recall(title, whole)
    if known is not None:
        return known
    regular = {files[relative]: signature for relative, signature in signatures.items() if signature[:1].isdigit()}
    digests = DiskCache().get(regular)
    fresh = _remember({path: read_file(path, path) for path in regular if path not in digests})
    digests |= {path: content.digest for path, content in fresh.items()}
    # What is neither a file nor a link to one counts by what it is.
    parts = {relative: digests.get(files[relative], signature) for relative, signature in signatures.items()}
    settled = all(content.signature == regular[path] for path, content in fresh.items())
    return _remember({title: FileDigest(digest_plain(parts), whole if settled else "")})[title]


def file_effort(place: str, name: str) -> int:
    """Return how many bytes must be read to know what a file holds now.

    Args:
        place: Its absolute path.
        name: What to call it in an error.

    Raises:
        FileError: It is not there, or is no file.
    """
    return 0 if _recall(place, file_signature(place, name)) else os.stat(place).st_size


def folder_effort(place: str, glob: str, name: str, most: int) -> int | None:
    """Return how many bytes must be read to know what the files in a folder hold now.

    Args:
        place: The folder's absolute path.
        glob: Which files count.
        name: What to call the folder in an error.
        most: How many names may be looked at; ``None`` is returned where there are more.

    Raises:
        FileError: It is not there, is no folder, or something in it may not be read.
    """
    if glob.count("**") > _STARS or count_names(place, glob, most) > most:
        return None
    files = dict(folder_files(place, glob, name))
    signatures = folder_signatures(files)
    if _recall(f"{place}{os.sep}{glob}", digest_plain(signatures)):
        return 0
    return sum(int(signature.partition(":")[0]) for signature in signatures.values() if signature[:1].isdigit())


def folder_signature(place: str, glob: str, name: str) -> str:
    """Return the signature of the files in a folder; see ``folder_content``."""
    return digest_plain(folder_signatures(dict(folder_files(place, glob, name))))


def _recall(place: str, signature: str) -> FileDigest | None:
    known = _remembered.get(place)
    if known is not None and known.signature == signature:
        return known
    digest = DiskCache().get({place: signature}).get(place)
    if digest is None:
        return None
    _keep(place, FileDigest(digest, signature))
    return _remembered[place]


def _remember(found: dict[str, FileDigest]) -> dict[str, FileDigest]:
    settled = {place: content for place, content in found.items() if content.signature}
    for place, content in settled.items():
        _keep(place, content)
    DiskCache().put((place, content.signature, content.digest) for place, content in settled.items())
    return found


def _keep(place: str, content: FileDigest) -> None:
    if len(_remembered) >= _REMEMBERED:
        _remembered.clear()
    _remembered[place] = content
