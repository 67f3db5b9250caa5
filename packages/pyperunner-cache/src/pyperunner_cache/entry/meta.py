"""Meta: what a writer noted beside a value, in the head of its entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.pack import pack, unpack

if TYPE_CHECKING:
    from pyperunner_cache.schema import Head
    from pyperunner_cache.values.packer import Needs

__all__ = ["pack_meta", "unpack_meta"]

_MOST_CLASSES = 50


def pack_meta(meta: Mapping[str, Any] | None, needs: Needs | None = None) -> dict[str, Any]:
    """Return the fields of a head that keep ``meta``, if there is any, and what a reader of the value needs.

    Raises:
        UnstorableError: It is not plain data.
    """
    fields: dict[str, Any] = {"meta": bytes(pack(dict(meta), pickles=False, inline=True)[0])} if meta else {}
    if needs is not None and needs.classes:
        fields["classes"] = sorted(needs.classes)[:_MOST_CLASSES]
    return fields | {"pickle": True} if needs is not None and needs.pickle else fields


def unpack_meta(head: Head) -> dict[str, Any]:
    """Return what was noted.

    Raises:
        CacheError: It is no mapping of names.
    """
    noted = unpack([head["meta"]], pickles=False) if "meta" in head else {}
    if type(noted) is not dict or not {str}.issuperset(map(type, noted)):
        raise DamagedEntryError("what was noted of it is no mapping of names")
    return noted
