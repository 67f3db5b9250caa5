"""Amounts on the command line: sizes and ages as people write them, ``20GB`` and ``7d``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

__all__ = ["bytes_of", "seconds_of"]

_T = TypeVar("_T")


def seconds_of(text: str) -> float:
    """Return the seconds that an argument says; the error is one of argparse."""
    from pyperunner_cache.maintenance.amounts import parse_duration

    return _checked(parse_duration, text)


def bytes_of(text: str) -> int:
    """Return the bytes that an argument says; the error is one of argparse."""
    from pyperunner_cache.maintenance.amounts import parse_size

    return _checked(parse_size, text)


def _checked(parse: Callable[[str], _T], text: str) -> _T:
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
