"""Each distribution by itself: its wheel, a fresh environment, its own tests."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks.environment import ROOT, Workshop, python_in
from checks.process import Outcome, install, pytest, run, tell
from checks.pythons import found_pythons
from checks.wheels import CONSTRAINTS

__all__ = ["alone"]

_TEST_TOOLS = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis")
_TESTED_WITH = {"pyperunner-text": "pyperunner-text[yaml]"}  # half of it is about YAML
_AT_ONCE = 2
_LONGEST = {"pyperunner-runner": ("-n", "2")}  # the others take turns beside it


def alone(shop: Workshop) -> Outcome:
    """`tools/install` installs; each wheel, alone in a fresh environment of the oldest Python, passes its own tests."""
    installed = _tool_installs()
    if installed.failed:
        return installed
    names = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    names.sort(key=lambda name: name not in _LONGEST)
    oldest = min(found_pythons(shop).items())[1]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return sum(pool.map(lambda name: _in_fresh_environment(shop.uv, oldest, name), names), installed)


def _tool_installs() -> Outcome:
    """The two lines of the README: they also build the wheels that the others take."""
    with tempfile.TemporaryDirectory(prefix="two lines ") as folder:
        installed = install([sys.executable, ROOT / "tools" / "install", "environment"], cwd=folder)
        if installed.code:
            return installed.outcome
        return run(["sh", "-c", ". environment/bin/activate && pyperunner --version"], cwd=folder).outcome


def _in_fresh_environment(uv: str, interpreter: Path, name: str) -> Outcome:
    began = time.monotonic()
    environment = ROOT / ".venv-alone" / name
    python = python_in(environment)
    pip = [uv, "pip", "install", "--quiet", "--python", python, "--constraints", CONSTRAINTS]
    for command in ([uv, "venv", "--quiet", "--clear", "--python", interpreter, environment], [*pip, name]):
        done = install(command)
        if done.code:
            return done.outcome
    # -I keeps the current folder out: what is imported is the wheel.
    done = run([python, "-I", "-c", f"import {name.replace('-', '_')}"])
    if not done.code:
        done = install([*pip, _TESTED_WITH.get(name, name), *_TEST_TOOLS])
    if done.code:
        return done.outcome
    outcome = pytest([python], f"packages/{name}", "-p", "no:cacheprovider", *_LONGEST.get(name, ()))
    tell(f"{name} {time.monotonic() - began:.0f} s, {outcome.passed} passed, {outcome.failed} failed")
    return outcome
