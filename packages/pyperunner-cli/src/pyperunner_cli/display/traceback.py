"""Tracebacks that begin and end in the user's code."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

from pyperunner_cli.text import visible

__all__ = ["in_user_code", "speaks_for_itself", "user_traceback"]


def speaks_for_itself(error: BaseException) -> bool:
    """Whether the error's own text is all a user needs: one of pyperunner's, or one of the operating system's."""
    return _is_pyperunners(error) or isinstance(error, OSError)


def in_user_code(error: BaseException) -> bool:
    """Whether the error was raised below a frame that is not pyperunner's, by something else than pyperunner."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(not _is_ours(frame) for frame in frames) and not _is_ours(frames[-1])


def user_traceback(error: BaseException) -> str:
    """Return the traceback text of ``error`` without the frames of pyperunner before and after the user's own.

    What an error of pyperunner was raised from is left out, too: its own text says it. Control characters are spelled
    out, and the further lines of a message are indented, so that none passes for a line of the command's own.
    """
    report = traceback.TracebackException.from_exception(error)
    pending: list[tuple[Any, BaseException]] = [(report, error)]
    while pending:
        part, shown = pending.pop()
        _trim(part)
        if _is_pyperunners(shown):
            part.__cause__ = part.__context__ = None
        chained = [(part.__cause__, shown.__cause__), (part.__context__, shown.__context__)]
        grouped = zip(getattr(part, "exceptions", None) or (), getattr(shown, "exceptions", ()), strict=False)
        pending += [pair for pair in (*chained, *grouped) if pair[0] is not None and pair[1] is not None]
    return "".join(map(_harmless, report.format())).rstrip()


def _harmless(part: str) -> str:
    """Return a frame or the message of an exception, one or several lines, in a form that a terminal only shows."""
    before = len(part) - len(part.lstrip("\n"))
    first, *others = part[before:].split("\n")
    lines = [line if not line or line[0] == " " else f"    {line}" for line in others]
    return "\n" * before + "\n".join("\t".join(map(visible, line.split("\t"))) for line in [first, *lines])


def _is_pyperunners(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0].startswith("pyperunner")


def _trim(report: Any) -> None:
    frames = list(report.stack)
    while frames and _is_ours(frames[0]):
        del frames[0]
    while frames and _is_ours(frames[-1]):
        del frames[-1]
    # Without a frame (a syntax error) the header would introduce nothing.
    report.stack = traceback.StackSummary.from_list(frames) if frames else None


def _is_ours(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(("<frozen", *_our_folders()))


def _our_folders() -> list[str]:
    packages = (
        module for name, module in sys.modules.copy().items() if name.startswith("pyperunner") and "." not in name
    )
    return [folder + os.sep for package in packages for folder in getattr(package, "__path__", ())]
