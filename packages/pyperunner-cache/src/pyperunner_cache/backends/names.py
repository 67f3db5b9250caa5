"""Names: keys and their parts, and file names for them; any text in, a safe and distinct file name out."""

from __future__ import annotations

import re
import sys
import unicodedata

import xxhash

from pyperunner_cache.errors import BadKeyError

__all__ = ["BESIDE", "ENTRY_PREFIX", "KNOWN_FILENAMES", "key_digest", "safe_name", "split_key", "unsafe_name"]

ENTRY_PREFIX = "result.dump."
BESIDE = "result.parquet"
"""What may lie beside an entry for others to read, and goes with it."""
KNOWN_FILENAMES = ("result.dump.gz", "result.dump.raw")

_PLAIN = re.compile(r"[A-Za-z0-9_(=,+@\-][A-Za-z0-9_()=,+@.\- ]*(?<![. ])").fullmatch
_KEPT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-()=,+@. ")
_LIMIT = 200
_FOLDS_CASE = sys.platform in ("darwin", "win32")


def split_key(key: str) -> tuple[str, str]:
    """Split ``'<name>/<hash>'`` at its last slash.

    Raises:
        BadKeyError: ``key`` is not of that form.
    """
    if isinstance(key, str):
        name, slash, digest = key.rpartition("/")
        if slash and digest:
            return name, digest
    raise BadKeyError(key)


def safe_name(text: str, folds_case: bool = _FOLDS_CASE) -> str:
    """Return a file name for ``text``: distinct for distinct texts, harmless in every file system.

    What is unusual becomes ``%XX`` per UTF-8 byte; letters of other scripts stay where their Unicode form is the
    composed one; upper case is encoded too where the file system folds case. Above 200 bytes the name is cut and ends
    in ``~`` and the digest of the whole text.
    """
    if len(text) <= _LIMIT and not folds_case and _PLAIN(text):
        return text
    composed = unicodedata.is_normalized("NFC", text)
    last = len(text) - 1
    pieces = [
        char
        if (char in _KEPT or (ord(char) > 127 and composed and char.isalnum()))
        and not (folds_case and char != char.lower())
        and not (char == "." and at in (0, last))
        and not (char == " " and at in (0, last))
        else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
        for at, char in enumerate(text)
    ]
    if sum(len(piece.encode()) for piece in pieces) <= _LIMIT:
        return "".join(pieces) or "%"
    kept, room = [], _LIMIT - 40
    for piece in pieces:
        room -= len(piece.encode())
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + "~" + key_digest(text)


def unsafe_name(name: str) -> str | None:
    """Return the text that `safe_name` made ``name`` of, or ``None`` where the name was cut or is no such name."""
    if "%" not in name:
        return None if "~" in name or not name else name
    if name == "%":
        return ""
    if "~" in name:
        return None
    try:
        return re.sub(
            r"(?:%[0-9A-F]{2})+",
            lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogatepass"),
            name,
        )
    except UnicodeDecodeError:
        return None


def key_digest(text: str) -> str:
    """Return 32 hex digits that stand for ``text`` in a file name."""
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))
