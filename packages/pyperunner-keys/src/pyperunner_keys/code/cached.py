"""Cached properties without a lock."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

__all__ = ["cached_property"]

T = TypeVar("T")


class cached_property(functools.cached_property[T]):  # noqa: N801 - named as what it stands for
    """A ``functools.cached_property`` without the lock that it has before Python 3.12.

    All instances share that lock, and a child that is forked while another thread computes inherits it for ever.
    """

    def __init__(self, function: Callable[[Any], T]) -> None:
        super().__init__(function)
        self.lock = nullcontext()
