"""Credentials in URLs and options: nothing that is recorded or shown has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pyperunner_results.former_names import formerly

__all__ = ["strip_credentials", "strip_options"]

# Patterns are texts that re compiles on first use: most runs need few, and these take milliseconds.
_USERINFO = r"\b([A-Za-z][A-Za-z0-9+.\-]*)://([^/?#\s]*@|[^/?#\s@:]*:(?!\d*(?:[/?#\s]|$))[^?#\s]*@)"
_QUERY_PART = r"([?&;])([^=&;#\s]+)=([^&;#\s]*)"
_SECRET_WORDS = (
    r"apikey|auth|authorization|credentials?|key|pass|passphrase|passwd|password|pwd|sas|secret|sig|signature|token"
)
_SECRET_OPTIONS = (
    rf"{_SECRET_WORDS}|\w*keys?|\w*tokens?|\w*secrets?|certificates?|certs?|connection|cookies?|headers?|login|pem"
)
_SECRET_TEXTS = r"-----BEGIN|\b(?i:AccountKey|SharedAccess\w*|Bearer|Basic|Password|Pwd)\b\s*[=: ]"


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
    if not _names_secret(match[2]):
        return match[0]
    return "?" if match[1] == "?" else ""


def _names_secret(name: str, words: str = _SECRET_WORDS) -> bool:
    found = re.split(r"[^a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    return any(re.fullmatch(words, word) for word in found)


def strip_options(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options with which a store was opened, as far as they are plain and can't be secret.

    What has the name of a secret is left out, and what may hold one: headers, cookies, connection strings, keys in PEM.

    Args:
        options: By name, as deep as they may be.
    """
    plain = {name: _plain(value) for name, value in options.items() if not _names_secret(name, _SECRET_OPTIONS)}
    return {name: value for name, value in plain.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return strip_options({name: inner for name, inner in value.items() if isinstance(name, str)})
    if isinstance(value, (list, tuple)):
        return [plain for item in value if (plain := _plain(item)) is not None]
    if isinstance(value, str):
        return None if re.search(_SECRET_TEXTS, value) else strip_credentials(value)
    return value if isinstance(value, (bool, int, float)) else None
