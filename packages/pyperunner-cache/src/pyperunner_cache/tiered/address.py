"""Addresses of tiered stores: ``tiered://?near=/scratch/cache&far=s3://bucket/cache``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from pyperunner_cache.errors import BadURLError

__all__ = ["Address"]

_SCHEME = "tiered:"
_FORM = "write tiered://?near=/scratch/cache&far=s3://bucket/cache, with %26 for & and %25 for % within a part"
_READABLE = "/:@,()+-._~=?[]"


class Address(NamedTuple):
    """What a tiered store is made of."""

    near: str
    far: str
    near_max_size: str | None = None
    writes: str = "both"

    @classmethod
    def parse(cls, url: str, options: Mapping[str, Any]) -> Address:
        """Return the address that a URL and options make up; no part may stand in both.

        Raises:
            BadURLError: A part is missing, unknown, there twice, or has credentials in it.
        """
        start, _, query = url.partition("?")
        if start not in (_SCHEME, f"{_SCHEME}//"):
            raise BadURLError(url, _FORM)
        parts = {name: os.fspath(value) if name in ("near", "far") else str(value) for name, value in options.items()}
        for part in filter(None, query.split("&")):
            name, _, value = part.partition("=")
            if name not in cls._fields or name in parts:
                raise BadURLError(url, f"{name!r} is there twice or means nothing; {_FORM}")
            parts[name] = unquote(value)
        for name in ("near", "far"):
            if not parts.get(name):
                raise BadURLError(url, f"it has no {name} store; {_FORM}")
            scheme, mark, place = parts[name].partition("://")
            if mark and "@" in place.partition("/")[0]:
                raise BadURLError(f"{_SCHEME}//?{name}={scheme}://…", "credentials belong into the environment")
        found = cls(**parts)
        if found.writes not in ("both", "later"):
            raise BadURLError(url, "writes is 'both' or 'later'")
        return found

    def url(self) -> str:
        """Return the URL in which everything stands."""
        parts = self._asdict()
        parts["writes"] = None if self.writes == "both" else self.writes
        query = "&".join(f"{name}={quote(value, safe=_READABLE)}" for name, value in parts.items() if value is not None)
        return f"{_SCHEME}//?{query}"
