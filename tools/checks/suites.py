"""The test suites: on this Python, on the oldest and the newest one, and the long sweeps."""

from __future__ import annotations

from pathlib import Path

from checks.environment import MINORS, Workshop, find_python, sync
from checks.process import Outcome, pytest, run

__all__ = ["long", "newest", "oldest", "tests"]

_SIDE_BY_SIDE = ("-n", "2")


def tests(shop: Workshop) -> Outcome:
    """All tests."""
    return pytest([shop.python], *_SIDE_BY_SIDE)


def oldest(shop: Workshop) -> Outcome:
    """The packages' tests on the oldest installed Python."""
    return pytest([_find(shop, MINORS)], *_SIDE_BY_SIDE, "packages")


def newest(shop: Workshop) -> Outcome:
    """All tests on the newest installed Python, under `python -O`, where `assert` does nothing."""
    # pytest rewrites the asserts of tests, so they keep working; it warns of those of plugins, which do not.
    quiet = "ignore:assertions not in test modules or plugins:pytest.PytestConfigWarning"
    return pytest([_find(shop, MINORS[::-1]), "-O"], *_SIDE_BY_SIDE, "-W", quiet, added={"PYTHONOPTIMIZE": "1"})


def long(shop: Workshop) -> Outcome:
    """The long sweeps in full."""
    return pytest([shop.python], "-m", "long", "-o", "timeout=3600")


def _find(shop: Workshop, minors: tuple[int, ...]) -> Path:
    """Return the Python of an environment of the first of ``minors`` that is installed."""
    own = int(run([shop.python, "-c", "import sys; print(sys.version_info.minor)"]).output)
    found = ((minor, shop.python if minor == own else find_python(shop.uv, minor)) for minor in minors)
    minor, interpreter = next((pair for pair in found if pair[1]), (own, shop.python))
    return shop.python if minor == own else sync(shop.uv, f".venv-3.{minor}", "--python", str(interpreter))
