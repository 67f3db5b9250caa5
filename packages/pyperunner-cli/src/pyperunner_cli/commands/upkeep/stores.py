"""Stores that can be tidied, opened by path or URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyperunner_cli.errors import CommandError

__all__ = ["open_tidy_store", "sizes_by_key"]

_ABILITIES = ("entries", "stat", "gc", "verify", "delete", "meta")


def open_tidy_store(place: str) -> Any:
    """Return the store at a path or URL; none is made.

    Raises:
        CommandError: There is none, or it is none that can be tidied.
    """
    from pyperunner_dag import open_store
    from pyperunner_text.urls import scheme_of

    if scheme_of(place) == "file" and not place.startswith("file:") and not Path(place).is_dir():
        raise CommandError(f"there is no store at {place!r}; --data-path says where it is.")
    store = open_store(place)
    lacking = [ability for ability in _ABILITIES if not callable(getattr(store, ability, None))]
    if lacking:
        raise CommandError(
            f"the store at {place!r} has no {', '.join(lacking)}: it is not one that can be tidied here."
        )
    return store


def sizes_by_key(store: Any) -> dict[str, int]:
    """Return the bytes of every entry."""
    return {entry["key"]: entry["size"] for entry in store.entries()}
