"""The keys of format 2: whatever moves or is rewritten, they stay, or every user's store is stale.

`golden_keys.json` was made when the format was settled (docs/decisions/0021-the-second-format-of-keys.md). An entry
may be changed only together with a note in the changelog that says which outputs are computed anew, and why.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
GOLDEN = json.loads((DATA / "golden_keys.json").read_text())

sys.path.insert(0, str(DATA))
from specimens import ABSTRACT, MACHINERY, OURS, specimens  # noqa: E402 - tests have no package to import it from


def made(**variables: str) -> dict[str, str]:
    """Return the keys that a fresh process makes."""
    ran = subprocess.run(
        [sys.executable, DATA / "golden_keys.py"],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ran.returncode, ran.stderr
    return dict(json.loads(ran.stdout))


def changed(keys: dict[str, str]) -> list[str]:
    return [f"{name}: {keys.get(name)}" for name, golden in GOLDEN.items() if keys.get(name) != golden]


def test_the_keys_of_the_work_tree_are_the_golden_ones():
    """Tasks, values and names of ours, in a script that uses an editable install."""
    assert not changed(made(PYTHONHASHSEED="1"))


def test_the_keys_of_an_installed_package_are_the_golden_ones(tmp_path):
    """The same where our own code lies in `site-packages`, as it does for users."""
    place = tmp_path / "site-packages"
    for package in (path.parent for path in Path(DATA.parents[1], "packages").glob("*/src/*/__init__.py")):
        shutil.copytree(package, place / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    assert not changed(made(PYTHONPATH=str(place), PYTHONHASHSEED="2"))
    probe = "import pyperunner_dag, sys; print(pyperunner_dag.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "PYTHONPATH": str(place)},
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    assert found.stdout.startswith(str(place)), "the copy was not what ran"


@pytest.mark.parametrize("package", OURS[1:])  # the umbrella has no classes of its own
def test_every_public_class_has_a_specimen(package):
    """A class that is added gets a specimen, so that its instances' keys are pinned from then on."""
    module = importlib.import_module(package)
    public = {name: getattr(module, name) for name in module.__all__}
    known = {type(value) for value in specimens().values()}
    lacking = {
        f"{package}.{name}"
        for name, value in public.items()
        if isinstance(value, type)
        and f"{package}.{name}" not in ABSTRACT | MACHINERY
        and not any(issubclass(each, value) for each in known)
    }
    assert not lacking
