"""Which optional abilities a backend has."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

__all__ = ["supports"]

if TYPE_CHECKING:
    from builtins import isinstance as supports  # narrows a protocol's type like the real thing
else:

    def supports(backend: object, port: Any) -> bool:
        """Say whether ``backend`` has the methods of ``port``; unlike ``isinstance`` it looks at a class only once."""
        return _supports(type(backend), port)


@lru_cache(maxsize=256)
def _supports(cls: type, port: Any) -> bool:
    return issubclass(cls, port)
