"""``pyperunner graph TARGET``: draw a pipeline."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.recorded_runs import add_log_path
from pyperunner_cli.options import add_target, pipeline_of
from pyperunner_cli.text import say
from pyperunner_text.terminal.columns import columns, cropped

if TYPE_CHECKING:
    from pyperunner_dag import Pipeline

__all__ = ["configure", "execute"]

_FORMATS = ("text", "svg", "mermaid")
_SUFFIXES = (".svg", ".png", ".mmd", ".dot")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    add_log_path(parser)
    parser.add_argument("--format", choices=_FORMATS, default="text", help="what to print (%(default)s)")
    parser.add_argument("--full", action="store_true", help="do not crop a drawing that is wider than the terminal")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help=f"write a picture instead; FILE ends in {', '.join(_SUFFIXES)}"
    )


def execute(options: argparse.Namespace) -> int:
    """Print the drawing, or write it to a file."""
    if options.output and Path(options.output).suffix not in _SUFFIXES:
        raise CommandError(f"{options.output}: a picture's file ends in {', '.join(_SUFFIXES)}.")
    pipeline = pipeline_of(options)
    if options.output:
        pipeline.plot_graph(options.output)
    else:
        drawing = _draw(pipeline, options.format)
        say(drawing if options.format != "text" or options.full else "\n".join(_fitted(drawing.splitlines())))
    return 0


def _fitted(lines: list[str]) -> Iterator[str]:
    """Yield the lines of a drawing, on a terminal cropped to its width, and how much of it is not seen."""
    width = shutil.get_terminal_size().columns
    widest = max(map(columns, lines), default=0)
    if sys.stdout is None or not sys.stdout.isatty() or widest <= width:
        yield from lines
        return
    yield from (cropped(line, width) for line in lines)
    yield f"{width} of {widest} columns; --full draws all, -o FILE.svg a picture"


def _draw(pipeline: Pipeline, form: str) -> str:
    if form == "svg":
        return pipeline.to_svg()
    if form == "mermaid":
        return pipeline.to_mermaid()
    lines: list[str] = []
    pipeline.summary(lines.append)
    return "\n".join(lines)
