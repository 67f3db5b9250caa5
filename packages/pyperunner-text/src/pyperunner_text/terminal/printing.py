"""Printing: text on a stdout of any encoding, and without an error where nobody reads it any more."""

from __future__ import annotations

import codecs
import sys

__all__ = ["SPELLED", "say", "spell_out"]

SPELLED = "pyperunner.spelled"
"""Name of what a stream does with signs that its encoding does not have: the ``errors`` of `codecs`."""

_DRAWN = dict.fromkeys("─━═╌", "-") | dict.fromkeys("│┃║", "|") | dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╯╰╔╗╚╝", "+")
_SIGNS = {**_DRAWN, "→": "->", "←": "<-", "▶": ">", "▼": "v", "…": "...", "·": ".", "×": "x"}


def say(text: str) -> None:
    """Print a line at once; what stdout can't show is spelled out.

    A stdout that is closed or full, or that nobody reads, is no error.
    """
    stream = sys.stdout
    if stream is None:
        return
    try:
        try:
            stream.write(f"{text}\n")
        except UnicodeEncodeError:
            encoding = getattr(stream, "encoding", None) or "ascii"
            spell_out()
            stream.write(f"{text}\n".encode(encoding, SPELLED).decode(encoding))
        if hasattr(stream, "flush"):
            stream.flush()
    except (OSError, ValueError):
        pass


def spell_out(*streams: object) -> None:
    """Let streams spell out what their encoding does not have: lines by ASCII signs, all else by its number.

    Args:
        streams: Text streams; one that can't be told so, or does something else with such signs, stays as it is.
    """
    codecs.register_error(SPELLED, _spell)
    for stream in streams:
        if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=SPELLED)


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_SIGNS.get(char) or ascii(char)[1:-1] for char in lacking), error.end
