"""The steps of ``tools/check`` in the order in which they run."""

from __future__ import annotations

from collections.abc import Callable

from checks.alone import alone
from checks.boundaries import boundaries
from checks.environment import ROOT, Workshop
from checks.examples import examples
from checks.newer import newer
from checks.process import Outcome, run
from checks.recipes import recipes
from checks.suites import long, newest, oldest, pythons, tests
from checks.website import site

__all__ = ["EVERYTHING", "STEPS"]


def formatted(shop: Workshop) -> Outcome:
    """Sources are formatted (`ruff format` does it)."""
    return run([shop.python, "-m", "ruff", "format", "--diff", "--quiet"]).outcome


def lint(shop: Workshop) -> Outcome:
    """Ruff has no remark."""
    return run([shop.python, "-m", "ruff", "check", "--quiet", "--output-format=concise"]).outcome


def types(shop: Workshop) -> Outcome:
    """The libraries and the tools are clean under mypy --strict."""
    mypy = [shop.python, "-m", "mypy"]
    doors = [ROOT / "tools" / name for name in ("check", "install", "pin", "run", "site")]
    return run(mypy).outcome + run([*mypy, "--scripts-are-modules", *doors], {"MYPYPATH": "tools"}).outcome


STEPS: dict[str, Callable[[Workshop], Outcome]] = {
    "format": formatted,
    "lint": lint,
    "types": types,
    "boundaries": boundaries,
    "newer": newer,
    "tests": tests,
    "examples": examples,
    "site": site,
    "alone": alone,
    "oldest": oldest,
    "newest": newest,
    "pythons": pythons,
    "long": long,
    "recipes": recipes,
}
"""Every step by name; the docstring says what it makes sure of."""

EVERYTHING = tuple(name for name in STEPS if name not in ("tests", "pythons", "long", "recipes"))
"""What runs when no step is named. All that ``tests`` runs, ``alone`` or ``newest`` runs, too."""
