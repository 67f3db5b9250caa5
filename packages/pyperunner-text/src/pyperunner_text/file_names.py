"""File names made of any text: readable ones to look at, and distinct ones to find things by.

Both write what is unusual as ``%XX`` for each byte of its UTF-8 form. Names of either kind stand in run folders and
stores, so that neither may come out otherwise than it always did.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["distinct_name", "safe_name", "text_of"]

_PUNCTUATION = frozenset("_-()=,+@. ")
_READABLE_BYTES = 120
_DISTINCT_BYTES = 200
_ROOM_FOR_DIGEST = 40


def safe_name(text: str) -> str:
    """Return a readable file name for ``text``, cut above 120 bytes.

    Different texts may share one result (long ones, or those that differ in case on some file systems), so whoever
    needs distinct files adds what makes them distinct. Letters of all scripts stay, in their composed form.
    """
    from unicodedata import normalize

    text = text if text.isascii() else normalize("NFC", text)
    last = len(text) - 1
    pieces = [
        char
        if (char.isalnum() or char in _PUNCTUATION)
        and not (char in ".- " and at == 0)
        and not (char in ". " and at == last)
        else _percent(char)
        for at, char in enumerate(text)
    ]
    return "".join(pieces).encode()[:_READABLE_BYTES].decode("utf-8", "ignore") or "unnamed"


def distinct_name(text: str, digest: Callable[[str], str], folds_case: bool) -> str:
    """Return a file name for ``text``, distinct for distinct texts and harmless in every file system.

    Letters of other scripts stay where their Unicode form is the composed one. Above 200 bytes the name is cut and ends
    in ``~`` and the digest of the whole text.

    Args:
        text: Any text.
        digest: Returns up to 39 characters that stand for a text.
        folds_case: Whether the file system takes two names for one that differ in case; then capitals are encoded too.
    """
    if text.isascii():
        composed = True
    else:
        from unicodedata import is_normalized

        composed = is_normalized("NFC", text)
    last = len(text) - 1
    pieces = [
        char
        if (char in _PUNCTUATION or (char.isalnum() and (composed or char.isascii())))
        and not (folds_case and char != char.lower())
        and not (char in ". " and at in (0, last))
        else _percent(char)
        for at, char in enumerate(text)
    ]
    if sum(len(piece.encode()) for piece in pieces) <= _DISTINCT_BYTES:
        return "".join(pieces) or "%"
    kept, room = [], _DISTINCT_BYTES - _ROOM_FOR_DIGEST
    for piece in pieces:
        room -= len(piece.encode())
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + "~" + digest(text)


def text_of(name: str) -> str | None:
    """Return the text that `distinct_name` made ``name`` of, or ``None`` where it was cut or is no such name."""
    import re

    if "~" in name or not name:
        return None
    if name == "%":
        return ""
    try:
        return re.sub(
            r"(?:%[0-9A-F]{2})+",
            lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogatepass"),
            name,
        )
    except UnicodeDecodeError:
        return None


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
