"""The examples in docs: they run, and a second run executes nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path

from checks.environment import ROOT, Workshop
from checks.process import Outcome, run

__all__ = ["examples"]


def examples(shop: Workshop) -> Outcome:
    """The examples run, and running them again executes nothing."""
    return sum((_example(shop.python, example) for example in sorted(ROOT.glob("docs/examples/*.py"))), Outcome())


def _example(python: Path, example: Path) -> Outcome:
    # As a script first, then with the command: the keys are the same, so the second run finds all outputs.
    with tempfile.TemporaryDirectory(prefix=f"{example.stem}-") as folder:
        cold = run([python, example], cwd=folder)
        if "runner.run(" not in example.read_text():
            return cold.outcome
        warm = run([python, "-m", "pyperunner_cli", "run", example], cwd=folder)
    if warm.code == 0 and "\n0 executed" not in warm.output:
        return cold.outcome + Outcome(f"{example.name} executed tasks again:\n{warm.output}", failed=1)
    return cold.outcome + warm.outcome
