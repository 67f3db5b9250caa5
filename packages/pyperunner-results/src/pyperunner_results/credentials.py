"""Credentials in URLs and options: nothing that is recorded or shown has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pyperunner_results.former_names import formerly
from pyperunner_text.urls import SECRET_WORDS, names_secret, without_credentials

__all__ = ["strip_credentials", "strip_options"]

_SECRET_OPTIONS = (
    rf"{SECRET_WORDS}|\w*keys?|\w*tokens?|\w*secrets?|certificates?|certs?|connection|cookies?|headers?|login|pem"
)
_SECRET_TEXTS = r"-----BEGIN|\b(?i:AccountKey|SharedAccess\w*|Bearer|Basic|Password|Pwd)\b\s*[=: ]"


@formerly("_text")
def strip_credentials(url: str) -> str:
    """Return ``url`` without user names, passwords and secret query values; anything that is no URL stays as it is.

    The user of an SSH address stays, because it is part of the address: ``ssh://git@host/repo``.

    Args:
        url: URL or path, also several chained ones (``simplecache::s3://…``).
    """
    return without_credentials(url)


def strip_options(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options with which a store was opened, as far as they are plain and can't be secret.

    What has the name of a secret is left out, and what may hold one: headers, cookies, connection strings, keys in PEM.

    Args:
        options: By name, as deep as they may be.
    """
    plain = {name: _plain(value) for name, value in options.items() if not names_secret(name, _SECRET_OPTIONS)}
    return {name: value for name, value in plain.items() if value is not None}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return strip_options({name: inner for name, inner in value.items() if isinstance(name, str)})
    if isinstance(value, (list, tuple)):
        return [plain for item in value if (plain := _plain(item)) is not None]
    if isinstance(value, str):
        return None if re.search(_SECRET_TEXTS, value) else strip_credentials(value)
    return value if isinstance(value, (bool, int, float)) else None
