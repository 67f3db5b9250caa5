"""Text of the command: words, figures and values for people, safe to print."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from pyperunner_runner.words import count, duration, visible
from pyperunner_text.terminal.columns import columns

__all__ = [
    "aligned",
    "count",
    "did_you_mean",
    "duration",
    "listing",
    "relative",
    "say",
    "say_value",
    "visible",
    "without_secrets",
]


def say(text: str, file: TextIO | None = None) -> None:
    """Print a text of one or more lines; what a terminal would obey instead of show is spelled out."""
    from pyperunner_text.visible import visible_lines

    print("\n".join(visible_lines(text)), file=file)


def without_secrets(text: str) -> str:
    """Return a text with ``***`` in the place of the secrets that the code which was loaded has."""
    loaded = sys.modules.get("pyperunner_dag.secret")
    if loaded is None:
        return text
    from pyperunner_text.masking import Masking

    return Masking(loaded.known_secrets()).text(text)


def say_value(value: object) -> None:
    """Print a value of any type for people: a text as it is, all else as Python shows it; no secrets."""
    from pprint import pformat

    try:
        text = value if type(value) is str else pformat(value)
    except Exception as error:  # a __repr__ of the user's may do anything
        text = f"<{type(value).__name__}; showing it raised {type(error).__name__}>"
    say(without_secrets(text))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one line per row with the cells of each column one below the other; all rows have as many cells."""
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(_padded, row, widths)).rstrip() for row in rows]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - columns(cell))


def listing(names: Iterable[str], limit: int = 12) -> str:
    """Return names separated by commas; of many, the first and how many more there are."""
    shown = [visible(name) for name in names]
    more = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {more} more" if more > 0 else "")


def relative(path: str) -> str:
    """Return ``path`` as seen from the current folder if it lies below it."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):  # it lies elsewhere; there is no current folder
        return path


def did_you_mean(name: str, known: Iterable[str], *, or_all: bool = True) -> str:
    """Return what to add to an error about an unknown ``name``: the nearest known ones, else perhaps all of them."""
    import difflib

    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(visible(other) for other in near)}?"
    if not or_all:
        return ""
    return f"There is: {listing(names)}." if names else "There is none."
