"""Each distribution by itself: its wheel, a fresh environment, its own tests."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from checks.environment import ROOT, Workshop, python_in
from checks.process import Outcome, pytest, run

__all__ = ["alone"]

_TEST_TOOLS = ("pytest", "pytest-timeout", "hypothesis")


def alone(shop: Workshop) -> Outcome:
    """Each wheel installs alone into a fresh environment and passes its own tests there."""
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    built = run([shop.uv, "build", "--quiet", "--all-packages", "--wheel", "--no-sources", "--out-dir", dist])
    if built.code:
        return built.outcome
    names = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda name: _in_fresh_environment(shop.uv, name, names, dist), names), Outcome())


def _in_fresh_environment(uv: str, name: str, siblings: list[str], dist: Path) -> Outcome:
    package = name.replace("-", "_")
    wheel = next(dist.glob(f"{package}-*.whl"))
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
        environment = Path(folder, "venv")
        python = python_in(environment)
        install = [uv, "pip", "install", "--quiet", "--python", python, "--find-links", dist, wheel, *_TEST_TOOLS]
        # The version stays the same from build to build: without this, uv takes siblings from its cache.
        install += [f"--refresh-package={sibling}" for sibling in siblings]
        # -I keeps the current folder out: what is imported is the wheel.
        for command in ([uv, "venv", "--quiet", environment], install, [python, "-I", "-c", f"import {package}"]):
            done = run(command)
            if done.code:
                return done.outcome
        return pytest([python], f"packages/{name}/tests", "-p", "no:cacheprovider")
