"""Meta: what a writer noted beside a value, in the head of its entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.pack import pack, unpack

if TYPE_CHECKING:
    from pyperunner_cache.schema import Head

__all__ = ["pack_meta", "unpack_meta"]


def pack_meta(meta: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the field of a head that keeps ``meta``, if there is any.

    Raises:
        UnstorableError: It is not plain data.
    """
    return {"meta": bytes(pack(dict(meta), pickles=False)[0])} if meta else {}


def unpack_meta(head: Head) -> dict[str, Any]:
    """Return what was noted.

    Raises:
        CacheError: It is no mapping of names.
    """
    noted = unpack([head["meta"]], pickles=False) if "meta" in head else {}
    if type(noted) is not dict or not {str}.issuperset(map(type, noted)):
        raise DamagedEntryError("what was noted of it is no mapping of names")
    return noted
