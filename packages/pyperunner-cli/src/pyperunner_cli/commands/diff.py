"""``pyperunner diff RUN RUN``: what differs between two runs."""

from __future__ import annotations

import argparse

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("before", metavar="RUN", help="folder of a run")
    parser.add_argument("now", metavar="RUN", help="folder of another, as a rule a later one")
    parser.add_argument("--no-outputs", action="store_true", help="compare outputs by their digests, load none")


def execute(options: argparse.Namespace) -> int:
    """Print the difference; return 0 whether there is one or not."""
    from pyperunner_results import diff

    print(diff(options.before, options.now, outputs=not options.no_outputs))
    return 0
