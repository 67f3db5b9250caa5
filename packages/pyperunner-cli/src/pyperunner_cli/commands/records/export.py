"""``pyperunner export RUN --format FORMAT``: the record of a run in a form that other programs read."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.recorded_runs import RUN, add_log_path, find_run
from pyperunner_cli.text import relative

__all__ = ["configure", "execute"]

_ENDINGS = {"ro-crate": "-crate", "prov": ".prov.json"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help=RUN)
    parser.add_argument(
        "--format",
        choices=tuple(_ENDINGS),
        required=True,
        help="ro-crate: a folder, by the profile Provenance Run Crate; prov: a file, PROV-JSON of the W3C",
    )
    parser.add_argument(
        "-o", "--output", metavar="PATH", help="the folder or file to make (named after the run); - prints PROV"
    )
    parser.add_argument("--license", default="", metavar="LICENSE", help="of the crate, as a URL or in words")
    add_log_path(parser)


def execute(options: argparse.Namespace) -> int:
    """Write the record and say where it is."""
    from pyperunner_results import export_run
    from pyperunner_results.exporting.prov import prov_document

    folder = find_run(options.run, options.log_path)
    if options.output == "-":
        if options.format != "prov":
            raise CommandError("an RO-Crate is a folder: name one with -o.")
        from pyperunner_results import PipelineResult

        print(json.dumps(prov_document(PipelineResult.from_file(folder)), indent=1))
        return 0
    target = options.output or f"{Path(folder).name}{_ENDINGS[options.format]}"
    try:
        print(relative(export_run(folder, target, options.format, license=options.license)))
    except FileExistsError:
        raise CommandError(f"{target} is there already: name another place with -o.") from None
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror or error}.") from error
    return 0
