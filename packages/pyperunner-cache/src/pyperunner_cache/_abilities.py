"""Which optional abilities a backend has."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing import TypeGuard

__all__ = ["supports"]

T = TypeVar("T")


def supports(backend: object, port: type[T]) -> TypeGuard[T]:
    """Say whether ``backend`` has the methods of ``port``; unlike ``isinstance`` it looks at each class only once."""
    return _supports(type(backend), port)  # type: ignore[arg-type]  # a class is hashable, whatever its instances are


@lru_cache(maxsize=256)
def _supports(cls: type, port: Any) -> bool:
    return issubclass(cls, port)
