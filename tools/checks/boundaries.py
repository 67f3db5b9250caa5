"""Import boundaries: the contracts hold, and none of them is asleep."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from checks.environment import ROOT, Workshop
from checks.process import Outcome, run

__all__ = ["boundaries"]

# Imports that break every contract between them: one that the linter still keeps with these in place is asleep.
_BREACHES = {
    "pyperunner_text": ["pyperunner_keys"],
    "pyperunner_keys": ["pyperunner_dag"],
    "pyperunner_dag": ["pyperunner_cache"],
    "pyperunner_cache": ["pyperunner_dag"],
    "pyperunner_cache_fsspec": ["pyperunner_dag"],
    "pyperunner_results": ["pyperunner_keys"],
    "pyperunner_runner": ["pyperunner_cache", "pyperunner_cli"],
}


def boundaries(shop: Workshop) -> Outcome:
    """Imports point one way, and the contracts that say so bite."""
    linter = [shop.python, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    return run(linter).outcome + _every_contract_bites(linter)


def _every_contract_bites(linter: list[object]) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        for source in ROOT.glob("packages/*/src/pyperunner*"):
            copy = Path(folder, source.name)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
            breaches = [f"import {forbidden}\n" for forbidden in _BREACHES.get(source.name, ())]
            (copy / "breach.py").write_text("".join(breaches))
        # PYTHONPATH comes before the editable installs of the same packages.
        done = run(linter, {"PYTHONPATH": os.pathsep.join([folder])})
    if re.search(r"Contracts: 0 kept, [1-9]\d* broken", done.output):
        return Outcome(passed=1)
    return Outcome(f"Forbidden imports in a copy of the sources broke too little:\n{done.output}", failed=1)
