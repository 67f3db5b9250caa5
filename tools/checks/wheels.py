"""The wheels of all distributions: how they are built, and how an installer is told to take them and no others."""

from __future__ import annotations

import shutil

from checks.environment import ROOT
from checks.process import Completed, install

__all__ = ["CONSTRAINTS", "DIST", "build_wheels"]

DIST = ROOT / "dist"
"""Where the wheels are."""

CONSTRAINTS = DIST / "constraints.txt"
"""A constraints file for uv: with it, distributions of the same names on an index are never looked at."""


def build_wheels(uv: str) -> Completed:
    """Build a wheel of each distribution into ``DIST``, and write ``CONSTRAINTS``; what lay there is gone."""
    shutil.rmtree(DIST, ignore_errors=True)
    built = install([uv, "build", "--quiet", "--all-packages", "--wheel", "--no-sources", "--out-dir", DIST])
    wheels = {wheel.name.partition("-")[0].replace("_", "-"): wheel for wheel in sorted(DIST.glob("*.whl"))}
    if not built.code:
        CONSTRAINTS.write_text("".join(f"{name} @ {wheel.as_uri()}\n" for name, wheel in wheels.items()))
    return built
