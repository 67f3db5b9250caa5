"""Runs the steps named on the command line, one line each, and closes with the counts."""

from __future__ import annotations

import argparse
import signal
import time

from checks.environment import EnvironmentFailure, Workshop, find_uv, sync
from checks.process import Outcome, tell
from checks.steps import EVERYTHING, STEPS

__all__ = ["main"]


def main() -> int:
    """Run the checks; return 0 if all is well, 1 if something failed, 2 if the environment could not be made."""
    # A background job inherits an ignored SIGINT, one of nohup an ignored SIGHUP; so would processes that tests end.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    names = _parser().parse_args().steps or EVERYTHING
    began = time.monotonic()
    tell("environment: .venv is as pyproject.toml says")
    try:
        uv = find_uv()
        shop = Workshop(uv, sync(uv))
    except EnvironmentFailure as failure:
        print(failure)
        return 2
    _line("ok", "environment", began)
    total = sum((_check(name, shop) for name in names), Outcome())
    _line("all" if total.ok else "FAIL", "together", began)
    print(f"{total.passed} passed, {total.failed} failed")
    return 0 if total.ok else 1


def _parser() -> argparse.ArgumentParser:
    steps = "\n".join(f"  {name:<11} {step.__doc__}" for name, step in STEPS.items())
    parser = argparse.ArgumentParser(
        prog="tools/check",
        description="One door to every check.",
        epilog=f"steps:\n{steps}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "steps",
        nargs="*",
        choices=[*STEPS, []],
        metavar="STEP",
        help="which (all but tests, pythons, long, recipes if none)",
    )
    return parser


def _check(name: str, shop: Workshop) -> Outcome:
    step = STEPS[name]
    tell(f"{name}: {step.__doc__}")
    began = time.monotonic()
    try:
        outcome = step(shop)
    except EnvironmentFailure as failure:
        outcome = Outcome(str(failure), failed=1)
    for line in outcome.output.splitlines():
        tell(f"| {line}")
    for reason, number in outcome.skipped.most_common():
        tell(f"{number} skipped: {reason}")
    counts = f"{outcome.passed} passed" + (f", {outcome.failed} failed" if outcome.failed else "")
    _line("ok" if outcome.ok else "FAIL", name, began, counts)
    if not outcome.ok:
        for command in (f"python3 tools/check {name}", *outcome.repeat):
            tell(f"repeat it alone: {command}")
    return outcome


def _line(state: str, name: str, began: float, text: str = "") -> None:
    print(f"{state:<4} {name:<12} {time.monotonic() - began:6.1f} s  {text}".rstrip(), flush=True)
