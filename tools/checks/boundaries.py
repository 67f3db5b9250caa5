"""Import boundaries: the contracts hold, and none of them is asleep."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from checks.environment import ROOT, Workshop
from checks.process import Outcome, run

__all__ = ["boundaries"]

_READ = "import json; from importlinter import api; print(json.dumps(api.read_configuration(), default=list))"
_LINT = "from importlinter.cli import lint_imports_command as lint; lint()"

Contract = dict[str, Any]
Breach = Callable[[Contract, Path], Iterator[tuple[str, str]]]
"""Yields importer and imported of imports that a contract forbids."""


def boundaries(shop: Workshop) -> Outcome:
    """Imports point one way, and the contracts that say so bite."""
    read = run([shop.python, "-c", _READ])
    if read.code:
        return read.outcome
    contracts: list[Contract] = json.loads(read.output)["contracts_options"]
    outcome = run([shop.python, "-c", _LINT, "--no-cache"]).outcome
    for kind, breach in (("forbidden", _forbidden), ("layers", _upward), ("acyclic_siblings", _circle)):
        outcome += _each_bites(shop, [item for item in contracts if item["type"] == kind], breach)
    return outcome + _each_bites(shop, [item for item in contracts if "exhaustive" in item], _stranger)


def _each_bites(shop: Workshop, contracts: list[Contract], breach: Breach) -> Outcome:
    """Break contracts in a copy of the sources; one that the linter keeps nevertheless is asleep."""
    with tempfile.TemporaryDirectory() as folder:
        for source in ROOT.glob("packages/*/src/pyperunner*"):
            shutil.copytree(source, Path(folder, source.name), ignore=shutil.ignore_patterns("__pycache__"))
        for contract in contracts:
            for importer, imported in breach(contract, Path(folder)):
                with _file(Path(folder), importer).open("a") as file:
                    file.write(f"\nimport {imported}\n")
        # PYTHONPATH comes before the editable installs of the same packages.
        done = run([shop.python, "-c", _LINT, "--no-cache"], {"PYTHONPATH": folder})
    asleep = [item["name"] for item in contracts if not re.search(re.escape(item["name"]) + r"\s*BROKEN", done.output)]
    if not asleep:
        return Outcome(passed=1)
    return Outcome(f"Forbidden imports in a copy of the sources did not break {asleep}:\n{done.output}", failed=1)


def _file(folder: Path, module: str) -> Path:
    path = folder.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _forbidden(contract: Contract, folder: Path) -> Iterator[tuple[str, str]]:
    yield contract["source_modules"][0], contract["forbidden_modules"][0]


def _upward(contract: Contract, folder: Path) -> Iterator[tuple[str, str]]:
    """The lowest layer imports the highest."""
    above, below = (re.findall(r"\w+", contract["layers"][end])[0] for end in (0, -1))
    for container in contract.get("containers", [""]):
        inside = f"{container}." if container else ""
        yield f"{inside}{below}", f"{inside}{above}"


def _stranger(contract: Contract, folder: Path) -> Iterator[tuple[str, str]]:
    """There is a module that has no place in the order."""
    for container in contract["containers"]:
        yield f"{container}.stranger", "sys"


def _circle(contract: Contract, folder: Path) -> Iterator[tuple[str, str]]:
    """Two neighbours import each other."""
    for ancestor in contract["ancestors"]:
        found = folder.joinpath(*ancestor.split(".")).iterdir()
        one, other = sorted({f"{ancestor}.{path.stem}" for path in found if not path.stem.startswith("__")})[:2]
        yield from ((one, other), (other, one))
