"""Warnings of the packages, said by the command as it says errors: a sentence without the line of code behind it."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

__all__ = ["logged_warnings", "plain_warnings"]


@contextmanager
def plain_warnings() -> Iterator[None]:
    """Let warnings that come from the packages be sentences; those of anybody else stay as Python shows them."""
    before = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        ours = (Path(filename).parent.parts, tuple(category.__module__.split(".")))
        if not any(part.startswith("pyperunner_") for parts in ours for part in parts):
            before(message, category, filename, lineno, file, line)
        else:
            from pyperunner_cli.text import say

            say(f"pyperunner: {message}", file or sys.stderr)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


@contextmanager
def logged_warnings(name: str) -> Iterator[None]:
    """Say what is logged under ``name`` from a warning on."""
    handler, logger = _Sentences(logging.WARNING), logging.getLogger(name)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Sentences(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Say it on stderr."""
        from pyperunner_cli.text import say

        say(f"pyperunner: {record.getMessage()}", sys.stderr)
