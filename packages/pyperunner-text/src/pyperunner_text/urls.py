"""URLs: the scheme of a store's address, read by one rule wherever a store is named."""

from __future__ import annotations

__all__ = ["scheme_of"]


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
