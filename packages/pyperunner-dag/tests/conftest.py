"""What the tests of this package share."""

from __future__ import annotations

import importlib
import pickle
import sys
import textwrap
import time

import pytest

from pyperunner_dag import Node
from pyperunner_keys import digest
from pyperunner_text import plugins

GROUP = "pyperunner.stores"

# Which ways lead out of a character.
WAYS = {
    "│": "ud",
    "─": "lr",
    "┘": "ul",
    "└": "ur",
    "┴": "ulr",
    "┐": "dl",
    "┌": "dr",
    "┬": "dlr",
    "┤": "udl",
    "├": "udr",
    "┼": "udlr",
}
STEPS = {"u": (-1, 0), "d": (1, 0), "l": (0, -1), "r": (0, 1)}
BACK = {"u": "d", "d": "u", "l": "r", "r": "l"}


class MemoryStore:
    """An output store in a dict; all that this package itself needs of one."""

    def __init__(self):
        self.rows = {}

    def missing(self, keys):
        return {key for key in keys if key not in self.rows}

    def load(self, key):
        return pickle.loads(self.rows[key][0])

    def save(self, key, value, meta=None):
        data = pickle.dumps(value)
        receipt = {"digest": digest(data), "size": len(data)}
        self.rows[key] = (data, {**(meta or {}), **receipt, "saved_at": time.time()})
        return receipt

    def meta(self, key):
        return dict(self.rows[key][1])

    def spec(self):
        return None


class LocatedStore(MemoryStore):
    """The same, as if each entry were a file, and with a place of its own."""

    def __init__(self, path, **options):
        super().__init__()
        self.path = path
        self.options = options

    def locate(self, key, filename=None):
        return f"{self.path}/{key}/{filename or 'result.dump.gz'}"

    def spec(self):
        return {"url": str(self.path), **self.options}


@pytest.fixture
def memory_store():
    return MemoryStore()


@pytest.fixture
def located_store(tmp_path):
    return LocatedStore(tmp_path)


@pytest.fixture
def stores(monkeypatch):
    """Register stores in the place of those that are installed: ``stores(scheme="module:name", …)``."""

    def register(**targets):
        found = [plugins.Plugin(GROUP, scheme, target, "a-package") for scheme, target in targets.items()]
        monkeypatch.setattr(plugins, "plugins", lambda group: found)
        plugins._found.cache_clear()
        plugins._found_store.cache_clear()

    yield register
    plugins._found.cache_clear()
    plugins._found_store.cache_clear()


@pytest.fixture
def installed_store(stores, monkeypatch):
    """Make LocatedStore what opens plain paths."""
    module = type(sys)("store_for_tests")
    module.open_store = LocatedStore
    monkeypatch.setitem(sys.modules, "store_for_tests", module)
    stores(file="store_for_tests:open_store", loc="store_for_tests:open_store")
    return LocatedStore


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write and import a module: ``module("flow", source)``."""
    monkeypatch.syspath_prepend(tmp_path)
    # Byte code is told apart by whole seconds, and tests write a module anew within one.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    names = []

    def write(name, source, load=True):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(source), encoding="utf-8")
        importlib.invalidate_caches()
        names.append(name)
        sys.modules.pop(name, None)
        return importlib.import_module(name) if load else None

    yield write
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture
def nodes():
    """Make connected nodes: ``nodes(a=[], b=["a"])`` gives them by name, parents given before children."""

    def make(**parents):
        found = {name: Node(name) for name in parents}
        for name, above in parents.items():
            found[name].connect([found[parent] for parent in above])
        return found

    return make


@pytest.fixture
def in_new_process(tmp_path):
    """Run source text, or a file, in a new Python process and return what it prints."""
    import os
    import subprocess

    def execute(source, file="script_for_tests.py", cwd=None, **env):
        if source is not None:
            (tmp_path / file).write_text(textwrap.dedent(source), encoding="utf-8")
        command = [sys.executable, str(tmp_path / file)]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=cwd or tmp_path, env={**os.environ, **env}, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return execute


@pytest.fixture
def reached():
    """Follow lines with a finger: ``reached(lines, row, column)`` gives the places ``(row, column)`` where they end.

    They end at an arrowhead, or below the last line.
    """
    return follow


def follow(lines, row, column):
    grid = [line.ljust(max(map(len, lines))) for line in lines]
    found, seen, stack = set(), set(), [(row, column, "d")]
    while stack:
        row, column, way = stack.pop()
        if (row, column, way) in seen:
            continue
        seen.add((row, column, way))
        if row == len(grid) or grid[row][column] == "▼":
            found.add((row, column))
            continue
        char = grid[row][column]
        # A vertical line on top of a horizontal one: who comes from the side passes behind it.
        ways = way if char == "│" and way in "lr" else WAYS[char]
        assert char == "│" or BACK[way] in ways, (row, column, char, way)
        # Lines lead down or sideways; up lead only the lines of others that join.
        stack += [(row + STEPS[out][0], column + STEPS[out][1], out) for out in ways if out not in ("u", BACK[way])]
    return found
