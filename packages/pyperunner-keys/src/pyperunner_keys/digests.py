"""Digests and canonical encodings of values, in which code counts by its fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_keys.encoding.plain import digest_bytes, digest_plain, encode_plain, encode_texts
from pyperunner_keys.encoding.writer import Writer, write_text
from pyperunner_keys.files.values import File, FileState, Folder, look, unread

if TYPE_CHECKING:
    from pyperunner_keys.code.fingerprint import Fingerprinter

__all__ = ["KEY_FORMAT", "digest", "digest_bytes", "digest_files", "digest_texts", "encode"]

KEY_FORMAT = 2
"""Number of the format of keys: a new one where the encoding of common values changes, and with it every key."""


_HOLD_NOTHING = frozenset((type(None), bool, int, float, str))


def encode(value: Any) -> bytes:
    """Return the canonical encoding of a value: equal bytes for equal values, distinct bytes for distinct ones.

    The bytes are the same in every process, hash seed and Python version from 3.10 on. Types count: ``1``, ``True``
    and ``1.0`` differ, and so do a class and its subclass. The order of a dict counts; what does not, identity and the
    order of sets among it, stands in ``docs/what-counts.md``.

    Args:
        value: Any value with a stable encoding.

    Raises:
        UnencodableError: The value, or a part of it, has none; or it is nested more than 200 levels deep.
    """
    return encode_plain(value, _Codes())


def digest(value: Any) -> str:
    """Return the xxh3-128 of ``encode(value)`` as 32 hex digits, without building the encoding of large arrays.

    Args:
        value: Any value with a stable encoding.

    Raises:
        UnencodableError: As for ``encode``.
    """
    kind = type(value)
    if kind is int or kind is str:
        return digest_bytes(encode_texts(value))
    return digest_plain(value) if kind in _HOLD_NOTHING else digest_plain(value, _Codes())


def digest_texts(value: Any) -> str:
    """Return what `digest` does, and sooner if there is but text and whole numbers in lists and dicts.

    Args:
        value: A value that is nested less than 200 levels deep.
    """
    try:
        return digest_bytes(encode_texts(value))
    except KeyError:
        return digest(value)


def digest_files(value: Any, *, read: bool = True) -> tuple[str, list[FileState]]:
    """Return the digest of a value and every ``File`` and ``Folder`` that was found in it, as it is now.

    Args:
        value: Any value with a stable encoding.
        read: ``False`` reads no file: the states say nothing, and where there are any the digest says nothing either.

    Raises:
        UnencodableError: As for ``encode``.
        FileError: A file or folder is not there or cannot be read.
    """
    found: dict[int, FileState] = {}

    def note(item: File | Folder) -> str:
        # What contains itself is gone through twice. The states keep the items, and so their identities.
        if id(item) not in found:
            found[id(item)] = look(item) if read else unread(item)
        return found[id(item)].digest

    return digest_plain(value, _Codes(), note), list(found.values())


class _Codes:
    """Writes code inside a value by its fingerprint, each piece only once read."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._source: Fingerprinter | None = None

    def __call__(self, value: Any, out: Writer) -> None:
        found = self._known.get(id(value))
        if found is None:
            from pyperunner_keys.code.fingerprint import Fingerprinter

            self._source = self._source or Fingerprinter()
            found = self._known[id(value)] = self._source.fingerprint(value).digest
        out.buffer += b"K"
        write_text(found, out)
