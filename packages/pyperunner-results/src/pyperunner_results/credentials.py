"""Credentials in URLs: nothing that is recorded or shown has them."""

from __future__ import annotations

import re

from pyperunner_results.former_names import formerly

__all__ = ["strip_credentials"]

# Patterns are texts that re compiles on first use: most runs need few, and these take milliseconds.
_USERINFO = r"\b([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#\s]*@|[^/?#\s@:]*:(?!\d*(?:[/?#\s]|$))[^?#\s]*@)"
_QUERY_PART = r"([?&;])([^=&;#\s]+)=([^&;#\s]*)"
_SECRET_WORDS = (
    r"apikey|auth|authorization|credentials?|key|pass|passphrase|passwd|password|pwd|sas|secret|sig|signature|token"
)


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
