"""The test suites: on this Python, without asserts, on the oldest and the newest Python, and the long sweeps."""

from __future__ import annotations

from checks.environment import MINORS, Workshop, find_python, sync
from checks.process import Outcome, pytest, run

__all__ = ["long", "newest", "oldest", "optimised", "tests"]

_SIDE_BY_SIDE = ("-n", "2")


def tests(shop: Workshop) -> Outcome:
    """All tests."""
    return pytest([shop.python], *_SIDE_BY_SIDE)


def optimised(shop: Workshop) -> Outcome:
    """All tests under `python -O`, where `assert` does nothing."""
    # pytest rewrites the asserts of tests, so they keep working; it warns of those of plugins, which do not.
    quiet = "ignore:assertions not in test modules or plugins:pytest.PytestConfigWarning"
    return pytest([shop.python, "-O"], *_SIDE_BY_SIDE, "-W", quiet, added={"PYTHONOPTIMIZE": "1"})


def oldest(shop: Workshop) -> Outcome:
    """The packages' tests on the oldest installed Python."""
    return _elsewhere(shop, MINORS)


def newest(shop: Workshop) -> Outcome:
    """The packages' tests on the newest installed Python."""
    return _elsewhere(shop, MINORS[::-1])


def long(shop: Workshop) -> Outcome:
    """The long sweeps in full."""
    return pytest([shop.python], "-m", "long", "-o", "timeout=3600")


def _elsewhere(shop: Workshop, minors: tuple[int, ...]) -> Outcome:
    own = int(run([shop.python, "-c", "import sys; print(sys.version_info.minor)"]).output)
    found = ((minor, own == minor or find_python(shop.uv, minor)) for minor in minors)
    minor, interpreter = next(candidate for candidate in found if candidate[1])
    if interpreter is True:
        return Outcome(notes=(f"Python 3.{minor} is the development environment's own: see `tests`",))
    python = sync(shop.uv, f".venv-3.{minor}", "--python", str(interpreter))
    return pytest([python], *_SIDE_BY_SIDE, "packages")
