"""Head: the map in front of an entry, read from bytes that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import msgpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyperunner_cache.schema import Head

__all__ = ["read_head"]

_MOST_ITEMS = 4_000_000
"""In all lists of a head; one of 16 MiB can claim four times as many, of eight bytes each."""
_BYTES_PER_LIST = 24
"""A record of a file takes more, and an empty map, which takes one, becomes 64."""
_FREE_LISTS = 64
_HARMLESS = 1024
"""Up to so many bytes nothing is counted, which takes longer than reading them: no more lists than that fit in."""


def read_head(content: bytes) -> Head:
    """Return the fields of a head; those that are known have their types.

    Args:
        content: What was packed.

    Raises:
        Exception: It is no head.
    """
    hook = _Count(len(content)).take if len(content) > _HARMLESS else None
    fields = msgpack.unpackb(
        content, unicode_errors="surrogatepass", strict_map_key=False, list_hook=hook, object_hook=hook
    )
    if type(fields) is not dict:
        raise TypeError("it is no map")
    for name in _REQUIRED:
        if name not in fields:
            raise TypeError(f"{name} is missing")
    for name, found in fields.items():
        if name in _TYPES and type(found) not in _TYPES[name]:
            raise TypeError(f"{name} is not what it should be")
    for name, check in _CHECKS.items():
        if name in fields and not check(fields[name]):
            raise TypeError(f"{name} is not what it should be")
    return cast("Head", fields)


class _Count:
    """Counts lists and maps while they are read.

    Args:
        size: Bytes of the head.
    """

    def __init__(self, size: int) -> None:
        self._lists, self._items = _FREE_LISTS + size // _BYTES_PER_LIST, _MOST_ITEMS

    def take(self, found: Any) -> Any:
        """Return a list or map as it is.

        Raises:
            ValueError: There are too many of them, or of what they hold.
        """
        self._lists, self._items = self._lists - 1, self._items - len(found)
        if self._lists < 0 or self._items < 0:
            raise ValueError("it holds more than a head does")
        return found


def _is_parts(found: Any) -> bool:
    return type(found) is list and _INTEGERS.issuperset(map(type, found)) and (not found or min(found) >= 0)


def _is_alias(found: Any) -> bool:
    if type(found) is not list or len(found) != 2 or not all(type(part) is str for part in found):
        return False
    _, slash, digest = found[0].rpartition("/")
    return bool(slash and digest)


def _is_classes(found: Any) -> bool:
    return type(found) is list and all(
        type(names) is list and len(names) == 2 and {str}.issuperset(map(type, names)) for names in found
    )


_INTEGERS = frozenset({int})
_REQUIRED = ("codec", "key", "parts", "saved")
_TYPES: Mapping[object, tuple[type, ...]] = {
    "key": (str,),
    "codec": (str,),
    "saved": (float, int),
    "meta": (bytes,),
    "store": (bytes,),
    "count": (int,),
    "pickle": (bool,),
    "files": (list,),  # what is no record of a file is told from one where they are looked at
}
_CHECKS: Mapping[str, Callable[[Any], bool]] = {"parts": _is_parts, "classes": _is_classes, "alias": _is_alias}
