"""The version stands in one place; packages read it, and require each other in it."""

from __future__ import annotations

import importlib
import re
from importlib.metadata import requires, version
from pathlib import Path

import pytest

from pyperunner_text import __version__

ROOT = Path(__file__).parents[2]
DISTRIBUTIONS = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_a_package_has_the_version_and_requires_its_siblings_in_it(distribution):
    """`python3 tools/pin` writes what is required."""
    assert importlib.import_module(distribution.replace("-", "_")).__version__ == version(distribution) == __version__
    siblings = [each for each in requires(distribution) or () if each.startswith("pyperunner")]
    assert [each for each in siblings if not each.endswith(f"=={__version__}")] == []


def test_no_other_file_says_it():
    """What has to be edited for a release is one line."""
    own = re.compile(rf"^(__version__|version) = .*{re.escape(__version__)}", re.MULTILINE)
    files = [*ROOT.glob("packages/*/src/**/*.py"), *ROOT.glob("packages/*/pyproject.toml"), ROOT / "pyproject.toml"]
    found = [path.relative_to(ROOT).as_posix() for path in files if own.search(path.read_text())]
    assert found == ["packages/pyperunner-text/src/pyperunner_text/__init__.py"]
