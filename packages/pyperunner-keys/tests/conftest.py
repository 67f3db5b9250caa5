"""Edit scenarios, small projects on disk, and other Pythons."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EDITS = Path(__file__).with_name("edits")
FOLDERS = [str(Path(importlib.import_module(f"pyperunner_{part}").__file__).parents[1]) for part in ("keys", "text")]
"""Where we are imported from, for the PYTHONPATH of other processes, whose Python may be another one."""


sys.path.insert(0, str(EDITS))
from scenarios import read_scenarios  # noqa: E402 - tests have no package to import it from

SCENARIOS = read_scenarios()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scenario" in metafunc.fixturenames:
        metafunc.parametrize("scenario", SCENARIOS, ids=[item.name for item in SCENARIOS])


def run_python(*arguments: object, python: str = sys.executable, folder: object = None, **environment: str) -> str:
    """Run a Python that can import us, in an environment of its own, and return what it prints.

    Args:
        arguments: Arguments of the interpreter.
        python: The interpreter.
        folder: Where it runs, and what it can import from, too.
        environment: Further variables.
    """
    path = os.pathsep.join([*FOLDERS, *([] if folder is None else [str(folder)])])
    environment = {"PYTHONPATH": path, **environment}
    command = [python, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def look(folders: list[Path], python: str = sys.executable, **environment: str) -> list[dict]:
    """Run the projects in fresh processes and return what each returned, with its fingerprint."""
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    ran = run_python(EDITS / "worker.py", *folders, python=python, **known, **environment)
    found = [json.loads(line) for line in ran.splitlines()]
    assert not [item["error"] for item in found if "error" in item]
    return found


@pytest.fixture(scope="session")
def needs_fork():
    if not hasattr(os, "fork"):
        pytest.skip("os.fork is missing, with which each project gets a process of its own")


@pytest.fixture(scope="session")
def edited(needs_fork, tmp_path_factory):
    """What each scenario came to, by its name: before and after the edit, each in a fresh process."""
    folder = tmp_path_factory.mktemp("edits")
    places = [
        item.write(folder / str(number) / side, mark)
        for number, item in enumerate(SCENARIOS)
        for side, mark in (("before", "-"), ("after", "+"))
    ]
    found = look(places)
    return {item.name: (found[2 * number], found[2 * number + 1]) for number, item in enumerate(SCENARIOS)}


@pytest.fixture(scope="session")
def python():
    return run_python


@pytest.fixture(scope="session")
def look_at():
    return look


@pytest.fixture
def scenarios():
    return SCENARIOS


@pytest.fixture(scope="session")
def pythons():
    """Other Pythons that have xxhash: those on PATH, and those that TESTED_PYTHONS lists."""
    names = [f"python3.{minor}" for minor in range(10, 30)]
    listed = os.environ.get("TESTED_PYTHONS", "").split(os.pathsep)
    found = {}
    for path in filter(None, [*listed, *map(shutil.which, names)]):
        ask = "import sys, xxhash; print(sys.version_info[:2])"
        ran = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            found.setdefault(ran.stdout, path)
    found.pop(f"{sys.version_info[:2]}\n", None)
    if not found:
        pytest.skip("no other Python with xxhash was found (TESTED_PYTHONS can list some)")
    return list(found.values())


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Writes modules to a folder on sys.path, imports them, and forgets them at the end."""
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(**modules: str):
        for name, text in modules.items():
            path = tmp_path / (name + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module(next(iter(modules)))

    yield make
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
