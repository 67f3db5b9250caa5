"""Places: what the parts of a fingerprint are and where they stand, and their texts in little room."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

__all__ = ["Place", "pack_places", "unpack_places"]

_MOST_TEXT = 1 << 16
"""Characters of source text that are packed at most."""
_MOST_UNPACKED = 1 << 24


class Place(NamedTuple):
    """What a part is and where it stands."""

    kind: str
    """``function``, ``class``, ``module``, ``import`` (what an import does to other modules) or ``constant``."""
    name: str
    """Qualified name within its module."""
    file: str
    """Path of its module's file, relative to where the module's package lies; empty where it has none."""
    source: str = ""
    """Source text, where it is known."""


Place.__module__ = "pyperunner_keys._places"  # under which keys and stored pickles know it


def pack_places(places: Mapping[str, Place], first: Iterable[str]) -> str:
    """Return places as compressed text; from a size on, those that are not among ``first`` lose their source."""
    room = _MOST_TEXT
    packed = {}
    for name in dict.fromkeys([*first, *places]):
        place = places[name]
        room -= len(place.source)
        packed[name] = place if room >= 0 else place._replace(source="")
    return base64.b64encode(zlib.compress(json.dumps(packed).encode())).decode()


def unpack_places(packed: object) -> dict[str, Place]:
    """Return the places that ``pack_places`` was given; nothing for what it has not made."""
    try:
        unzip = zlib.decompressobj()
        data = json.loads(unzip.decompress(base64.b64decode(str(packed)), _MOST_UNPACKED))
        return {name: Place(*map(str, place)) for name, place in data.items()}
    except (ValueError, TypeError, AttributeError, zlib.error, binascii.Error, RecursionError):
        return {}
