"""The Pythons of this machine: every one from 3.10 up that is installed, however new."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from checks.environment import Workshop, find_python, sync
from checks.process import run

__all__ = ["environment_of", "found_pythons"]

_MINORS = range(10, 21)
"""Minor versions that are looked for; the last are years away."""


@lru_cache(maxsize=1)
def found_pythons(shop: Workshop) -> dict[int, Path]:
    """Return the interpreters that are installed by their minor versions, the oldest first; ours is one of them."""
    own = int(run([shop.python, "-c", "import sys; print(sys.version_info.minor)"]).output)
    found = {minor: find_python(shop.uv, minor) for minor in _MINORS if minor != own}
    installed = {minor: Path(place) for minor, place in found.items() if place is not None}
    return dict(sorted({**installed, own: shop.python}.items()))


def environment_of(shop: Workshop, minor: int) -> Path:
    """Return the Python of a development environment of that version, which is made if it has to be.

    Args:
        shop: The workshop.
        minor: One of those found.
    """
    python = found_pythons(shop)[minor]
    return python if python == shop.python else sync(shop.uv, f".venv-3.{minor}", "--python", str(python))
