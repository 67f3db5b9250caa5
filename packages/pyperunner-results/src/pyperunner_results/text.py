"""Text that is safe to show, to use as a file name, or to record."""

from __future__ import annotations

import re
import unicodedata

from pyperunner_results.former import formerly

__all__ = ["safe_name", "strip_credentials", "visible", "visible_lines"]

# Patterns are texts that re compiles on first use: most runs need few, and these take milliseconds.
# What moves the cursor, forges a line or reverses the reading order: C0 but tab, DEL, C1, line and paragraph
# separators, bidirectional controls, and lone surrogates, which no file can hold as UTF-8.
_INVISIBLE = "[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
_NOT_IN_NAMES = r"[^\w .,+=@()-]|^[.\s-]|[\s.]\Z"
_NAME_BYTES = 120

_USERINFO = r"\b([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#\s]*@|[^/?#\s@:]*:(?!\d*(?:[/?#\s]|$))[^?#\s]*@)"
_QUERY_PART = r"([?&;])([^=&;#\s]+)=([^&;#\s]*)"
_SECRET_WORDS = (
    r"apikey|auth|authorization|credentials?|key|pass|passphrase|passwd|password|pwd|sas|secret|sig|signature|token"
)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    named = {9: "\\t", 10: "\\n", 13: "\\r"}.get(code)
    return named or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def visible(text: str) -> str:
    r"""Return ``text`` as one line whose control characters are spelled out (``\n``, ``\x1b``, ``\u2028``)."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_INVISIBLE, _escape, text).replace("\t", "\\t")


def visible_lines(text: str) -> list[str]:
    """Split ``text`` at its line feeds into lines that are safe to show; tabs stay, a final line end adds no line."""
    if text.isascii() and text.isprintable():
        return [text]
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return [re.sub(_INVISIBLE, _escape, line[:-1] if line.endswith("\r") else line) for line in lines]


def safe_name(name: str) -> str:
    """Return ``name`` as a readable file name: percent-encoded where a file system or a shell could stumble, and cut.

    Different names may share one result (long ones, or those that differ in case on some file systems), so whoever
    needs distinct files adds what makes them distinct.
    """
    text = unicodedata.normalize("NFC", name)
    text = re.sub(_NOT_IN_NAMES, lambda m: "".join(f"%{b:02X}" for b in m[0].encode("utf-8", "surrogatepass")), text)
    return text.encode()[:_NAME_BYTES].decode("utf-8", "ignore") or "unnamed"


@formerly("_text")
def strip_credentials(url: str) -> str:
    """Return ``url`` without user names, passwords and secret query values; anything that is no URL stays as it is.

    The user of an SSH address stays, because it is part of the address: ``ssh://git@host/repo``.

    Args:
        url: URL or path, also several chained ones (``simplecache::s3://…``).
    """
    if "://" not in url:
        return url
    bare = re.sub(_USERINFO, _without_userinfo, url)
    return re.sub(_QUERY_PART, _without_secret, bare).replace("?&", "?").rstrip("?&")


def _without_userinfo(match: re.Match[str]) -> str:
    scheme, userinfo = match[1], match[2]
    user = userinfo.rstrip("@").partition(":")[0]
    return f"{scheme}://{user}@" if scheme.lower().endswith("ssh") and user else f"{scheme}://"


def _without_secret(match: re.Match[str]) -> str:
    words = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", match[2]).lower())
    if not any(re.fullmatch(_SECRET_WORDS, word) for word in words):
        return match[0]
    return "?" if match[1] == "?" else ""
