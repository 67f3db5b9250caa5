"""``pyperunner table RUN…``: params beside chosen results, a row per run or per variant of a sweep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pyperunner_cli.exporting.run_tables import Row, cells, rows_of, table_of, unknown_parts, write_table
from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.loading.recorded_run import add_data_path, add_project, add_trust, find_modules, read_run
from pyperunner_cli.loading.recorded_runs import RUN, add_log_path, find_run
from pyperunner_cli.text import aligned, say

__all__ = ["add_table", "configure", "execute", "say_unknown_parts"]


def add_table(parser: argparse.ArgumentParser) -> None:
    """Add ``--show`` and ``--output``."""
    parser.add_argument(
        "--show",
        action="append",
        default=[],
        metavar="'TASK(TAG).PART'",
        help="a result beside the params, or a part of it; may be repeated; else plain ones of the last tasks",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the table to a file, .csv, .json or .parquet")


def say_unknown_parts(rows: Sequence[Row], show: Sequence[str]) -> None:
    """Say which of the chosen results are empty in every row, perhaps because they are mistyped."""
    for asked in unknown_parts(rows, show):
        say(f"--show {asked!r}: no output has that.", sys.stderr)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("runs", metavar="RUN", nargs="+", help=RUN)
    add_table(parser)
    add_data_path(parser)
    add_log_path(parser)
    add_project(parser)
    add_trust(parser)
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the table, or write it."""
    folders = [find_run(run, options.log_path) for run in options.runs]
    runs = [read_run(folder, options.data_path, trust=options.trust) for folder in folders]
    find_modules(runs[-1], options.project)
    rows = table_of([(run, rows_of(run, options.show)) for run in runs])
    say_unknown_parts(rows, options.show)
    if options.output:
        say(f"{options.output}: {write_table(rows, options.output)}")
    elif options.json:
        say_json("table", rows=rows)
    else:
        say("\n".join(aligned(cells(rows))))
    return 0
