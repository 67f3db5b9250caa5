"""URLs: the scheme of a store's address, and the address without credentials, by one rule wherever a store is named."""

from __future__ import annotations

import re

__all__ = ["SECRET_WORDS", "names_secret", "scheme_of", "without_credentials"]

# Patterns are texts that re compiles on first use: most runs need few, and these take milliseconds.
_USERINFO = r"\b([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#\s]*@|[^/?#\s@:]*:(?!\d*(?:[/?#\s]|$))[^?#\s]*@)"
_QUERY_PART = r"([?&;])([^=&;#\s]+)=([^&;#\s]*)"
SECRET_WORDS = (
    r"apikey|auth|authorization|credentials?|key|pass|passphrase|passwd|password|pwd|sas|secret|sig|signature|token"
)
"""A pattern of the words that say of a query value that it is a secret."""


def scheme_of(place: object) -> str:
    """Return the scheme of ``place`` in lower case, ``file`` where it is a path.

    ``s3://bucket/x``, ``sqlite:///x.db``, ``file:x``, ``fsspec:s3://bucket/x`` have one. It is made of ASCII letters,
    digits, ``+``, ``.`` and ``-`` that begins with a letter (RFC 3986, section 3.1) and has two characters at least,
    because one is a drive of Windows.
    """
    if not isinstance(place, str):
        return "file"
    scheme, colon, _ = place.partition(":")
    named = colon and len(scheme) > 1 and scheme.isascii() and scheme[0].isalpha()
    return scheme.lower() if named and all(char.isalnum() or char in "+.-" for char in scheme) else "file"


def without_credentials(url: str) -> str:
    """Return ``url`` without user names, passwords and secret query values; anything that is no URL stays as it is.

    The user of an SSH address stays, because it is part of the address: ``ssh://git@host/repo``.

    Args:
        url: URL or path, also several chained ones (``simplecache::s3://…``).
    """
    if "://" not in url:
        return url
    bare = re.sub(_USERINFO, _without_userinfo, url)
    return re.sub(_QUERY_PART, _without_secret, bare).replace("?&", "?").rstrip("?&")


def names_secret(name: str, words: str = SECRET_WORDS) -> bool:
    """Say whether one of the words that a name is made of says that it is that of a secret.

    Args:
        name: A name in snake, kebab or camel case.
        words: A pattern of such words.
    """
    found = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return any(re.fullmatch(words, word) for word in found)


def _without_userinfo(match: re.Match[str]) -> str:
    scheme, userinfo = match[1], match[2]
    user = userinfo.rstrip("@").partition(":")[0]
    return f"{scheme}://{user}@" if scheme.lower().endswith("ssh") and user else f"{scheme}://"


def _without_secret(match: re.Match[str]) -> str:
    if not names_secret(match[2]):
        return match[0]
    return "?" if match[1] == "?" else ""
