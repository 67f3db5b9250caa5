"""The recipes: each page of docs/recipes in an environment of its own, with the framework that it is about."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path

from checks.environment import ROOT, Workshop, python_in
from checks.process import Outcome, install, pytest, tell
from checks.wheels import CONSTRAINTS, build_wheels

__all__ = ["RECIPES", "needs_of", "recipe", "recipes"]

RECIPES = ROOT / "docs" / "recipes"
"""The folder of the pages."""

_OURS = ("pyperunner", "pytest", "pytest-timeout", "hypothesis")
_NEEDS = re.compile(r"`pip install ([^`]+)`")
_DATE = re.compile(r'^exclude-newer = "(.+)"$', re.MULTILINE)


def recipes(shop: Workshop) -> Outcome:
    """The recipes of docs/recipes run, each with its framework in a fresh environment."""
    built = build_wheels(shop.uv)
    pages = sorted(page for page in RECIPES.glob("*.md") if page.stem != "index")
    return sum((recipe(shop, page) for page in pages), Outcome()) if built.code == 0 else built.outcome


def recipe(shop: Workshop, page: Path) -> Outcome:
    """Install what a page says, and run its blocks and the tests that go with it.

    Args:
        shop: The workshop; the wheels have been built.
        page: The page.
    """
    began = time.monotonic()
    environment = ROOT / ".venv-recipes" / page.stem
    python = python_in(environment)
    [date] = _DATE.findall((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pip = [shop.uv, "pip", "install", "--quiet", "--python", python, "--exclude-newer", date]
    made = [
        [shop.uv, "venv", "--quiet", "--clear", "--python", shop.python, environment],
        [*pip, "--constraints", CONSTRAINTS, *_OURS, *needs_of(page)],
    ]
    # Outside the workspace: its pins are for its own environment, and would not let a framework have what it needs.
    with tempfile.TemporaryDirectory(prefix="recipe-") as elsewhere:
        for command in made:
            done = install(command, cwd=elsewhere)
            if done.code:
                return done.outcome
    tests = ROOT / "tests" / "recipes" / f"test_{page.stem.replace('-', '_')}.py"
    outcome = pytest([python], "-p", "no:cacheprovider", page, *([tests] if tests.exists() else []))
    tell(f"{page.stem} {time.monotonic() - began:.0f} s, {outcome.passed} passed, {outcome.failed} failed")
    return outcome


def needs_of(page: Path) -> list[str]:
    """Return the requirements that a page names in its `pip install`."""
    [needs] = _NEEDS.findall(page.read_text(encoding="utf-8"))
    return str(needs).split()
