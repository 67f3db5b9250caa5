"""The test suites: on this Python, the oldest, the newest and every one, and the long sweeps."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from checks.environment import ROOT, Workshop
from checks.process import Outcome, pytest
from checks.pythons import environment_of, found_pythons

__all__ = ["long", "newest", "oldest", "pythons", "tests"]

_SIDE_BY_SIDE = ("-n", "3")  # on two cores: tests of processes wait a third of their time
_SKIPS, _TEST = "importorskip", re.compile("[Tt]est")
_WRITTEN_BEFORE = tuple(
    f"tests/contract/test_{name}.py" for name in ("golden_keys", "old_store", "old_record", "old_names")
)


def tests(shop: Workshop) -> Outcome:
    """All tests."""
    return pytest([shop.python], *_SIDE_BY_SIDE)


def oldest(shop: Workshop) -> Outcome:
    """On the oldest installed Python, what 0.2.0 wrote is read, and keys are the golden ones; `alone` runs the rest."""
    python = environment_of(shop, min(found_pythons(shop)))
    return pytest([python], *_SIDE_BY_SIDE, *_WRITTEN_BEFORE)


def newest(shop: Workshop) -> Outcome:
    """On the newest Python, under `python -O`: tests across packages, those that take libraries, and pages."""
    # pytest rewrites the asserts of tests, so they keep working; it warns of those of plugins, which do not.
    quiet = "ignore:assertions not in test modules or plugins:pytest.PytestConfigWarning"
    python, others = environment_of(shop, max(found_pythons(shop))), environment_of(shop, min(found_pythons(shop)))
    added = {"PYTHONOPTIMIZE": "1", "TESTED_PYTHONS": str(others)}
    files = sorted(ROOT.glob("packages/*/tests/**/test_*.py"))
    with_libraries = [test for file in files for test in _tests_with_libraries(file)]
    pages = ["README.md", "docs", *sorted(ROOT.glob("packages/*/README.md"))]
    return pytest([python, "-O"], *_SIDE_BY_SIDE, "-W", quiet, "tests", *pages, *with_libraries, added=added)


def _tests_with_libraries(file: Path) -> list[str]:
    """Return the tests of a file that take a library, or the file where that is said for all of it."""
    text = file.read_text(encoding="utf-8")
    if _SKIPS not in text:
        return []
    parts = [part for part in ast.parse(text).body if _SKIPS in (ast.get_source_segment(text, part) or "")]
    names = [
        part.name for part in parts if isinstance(part, (ast.FunctionDef, ast.ClassDef)) and _TEST.match(part.name)
    ]
    return [f"{file}::{name}" for name in names] if names and len(names) == len(parts) else [str(file)]


def pythons(shop: Workshop) -> Outcome:
    """All tests on every installed Python from 3.10 up."""
    return sum((pytest([environment_of(shop, minor)], *_SIDE_BY_SIDE) for minor in found_pythons(shop)), Outcome())


def long(shop: Workshop) -> Outcome:
    """The long sweeps in full."""
    return pytest([shop.python], "-m", "long", "-o", "timeout=3600")
