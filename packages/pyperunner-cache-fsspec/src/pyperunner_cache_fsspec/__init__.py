"""Output caches on S3 and whatever else fsspec opens: ``open_store("s3://bucket/cache")``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_cache import __version__

if TYPE_CHECKING:
    from pyperunner_cache_fsspec.backend import FsspecBackend

__all__ = ["FsspecBackend", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the backend when it is first used."""
    if name != "FsspecBackend":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pyperunner_cache_fsspec.backend import FsspecBackend

    return FsspecBackend
