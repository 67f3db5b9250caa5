"""Output caches in Redis and Valkey: ``open_store("redis://host:6379/0")``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_cache import __version__

if TYPE_CHECKING:
    from pyperunner_cache_redis.backend import RedisBackend

__all__ = ["RedisBackend", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the backend when it is first used."""
    if name != "RedisBackend":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pyperunner_cache_redis.backend import RedisBackend

    return RedisBackend
