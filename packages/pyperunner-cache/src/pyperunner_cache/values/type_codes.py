"""Type codes: the msgpack extension codes of format v1. A code's meaning never changes; new types take new codes."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["BARE", "Code"]


class Code(IntEnum):
    """What an extension object of the skeleton holds."""

    TUPLE = 1
    INT = 2
    COMPLEX = 3
    BYTEARRAY = 4
    SET = 5
    FROZENSET = 6
    RANGE = 7
    SLICE = 8
    DATETIME = 9
    DATE = 10
    TIME = 11
    TIMEDELTA = 12
    TIMEZONE = 13
    ZONEINFO = 14
    DECIMAL = 15
    FRACTION = 16
    UUID = 17
    PATH = 18
    ENUM = 19
    DATACLASS = 20
    NAMEDTUPLE = 21
    NDARRAY = 22
    NUMPY_SCALAR = 23
    MASKED_ARRAY = 24
    POLARS_FRAME = 25
    POLARS_SERIES = 26
    PANDAS_FRAME = 27
    PANDAS_SERIES = 28
    PICKLE = 29
    BYTES_PART = 30
    STR_PART = 31
    ROWS = 32
    ELLIPSIS = 33
    FILE = 34
    FOLDER = 35
    PARQUET = 36


BARE = frozenset({Code.INT, Code.COMPLEX, Code.ELLIPSIS})
"""Their content is bytes of their own, all others' is msgpack."""
