"""Each distribution by itself: its wheel, a fresh environment, its own tests."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks.environment import ROOT, Workshop, python_in
from checks.process import Outcome, pytest, run
from checks.wheels import CONSTRAINTS

__all__ = ["alone"]

_TEST_TOOLS = ("pytest", "pytest-timeout", "hypothesis")
_TESTED_WITH = {"pyperunner-text": "pyperunner-text[yaml]"}  # half of it is about YAML


def alone(shop: Workshop) -> Outcome:
    """`tools/install` installs; each wheel installs alone into a fresh environment and passes its own tests there."""
    installed = _tool_installs()
    if installed.failed:
        return installed
    names = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda name: _in_fresh_environment(shop.uv, name), names), installed)


def _tool_installs() -> Outcome:
    """The two lines of the README: they also build the wheels that the others take."""
    with tempfile.TemporaryDirectory(prefix="two lines ") as folder:
        install = run([sys.executable, ROOT / "tools" / "install", "environment"], cwd=folder)
        if install.code:
            return install.outcome
        return run(["sh", "-c", ". environment/bin/activate && pyperunner --version"], cwd=folder).outcome


def _in_fresh_environment(uv: str, name: str) -> Outcome:
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        environment = Path(folder, "venv")
        python = python_in(environment)
        pip = [uv, "pip", "install", "--quiet", "--python", python, "--constraints", CONSTRAINTS]
        # -I keeps the current folder out: what is imported is the wheel.
        imports = [python, "-I", "-c", f"import {name.replace('-', '_')}"]
        tested = _TESTED_WITH.get(name, name)
        for command in ([uv, "venv", "--quiet", environment], [*pip, name], imports, [*pip, tested, *_TEST_TOOLS]):
            done = run(command)
            if done.code:
                return done.outcome
        return pytest([python], f"packages/{name}", "-p", "no:cacheprovider")
