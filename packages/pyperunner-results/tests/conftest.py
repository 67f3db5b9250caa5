from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from pyperunner_results import RunFolder, run_section


class JsonFolder:
    """A real OutputReader that could not be simpler: one JSON file per entry, named by its key."""

    def __init__(self, path):
        self.path = Path(path)

    def _file(self, key):
        return self.path / f"{quote(key, safe='')}.json"

    def missing(self, keys):
        return {key for key in keys if not self._file(key).exists()}

    def load(self, key):
        try:
            return json.loads(self._file(key).read_text())
        except FileNotFoundError:
            raise KeyError(key) from None

    def save(self, key, value):
        self.path.mkdir(parents=True, exist_ok=True)
        self._file(key).write_text(json.dumps(value))


@pytest.fixture
def json_folder():
    return JsonFolder


@pytest.fixture
def make_conf(tmp_path):
    """Builds the content of a pipeline.yaml from ``{task name: (params, parents)}``."""

    def make(tasks, name="demo", env=None):
        entries = {
            task: {
                "name": task.partition("(")[0],
                "module": "flow",
                "tag": task.partition("(")[2][:-1],
                "hash": f"{number:032x}",
                "params": dict(params),
                "parents": list(parents),
            }
            for number, (task, (params, parents)) in enumerate(tasks.items(), 1)
        }
        run = run_section(tmp_path / "data", tmp_path / "log", env or {"repositories": []}, "0.2.0")
        return {"pipeline": {"name": name}, "tasks": entries, "keys": {}, "run": run}

    return make


@pytest.fixture
def folder(tmp_path):
    made = RunFolder.create(tmp_path / "log", "demo")
    yield made
    made.close()


@pytest.fixture
def python():
    """Runs a script in a fresh interpreter that imports this package from where it is imported here."""

    def run(script, *arguments, options=(), **kwargs):
        import pyperunner_results

        env = {**os.environ, "PYTHONPATH": str(Path(pyperunner_results.__file__).parents[1])}
        env.update(kwargs.pop("env", {}))
        command = [sys.executable, *options, "-c", script, *map(str, arguments)]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False, **kwargs)

    return run
