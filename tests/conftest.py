"""What the tests across packages share: counted tasks, a runner on a folder of its own, scripts in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import pyperunner


class Count(pyperunner.Task):
    """One more than the sum of its inputs; leaves a line in a file, so that executions can be counted."""

    @pyperunner.run
    def run(self, data, trace, fail=False):
        with open(trace, "a") as file:
            file.write(f"{self.tag}\n")
        if fail:
            raise ValueError(f"no {self.tag} today")
        return sum(data) + 1


class Kit:
    """Makes tasks, pipelines and runners, and counts what ran."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = str(folder / "trace")
        self.data_path = folder / "data"
        self.log_path = folder / "logs"

    def task(self, tag, *parents, reload=False, **params):
        task = Count(tag, reload, trace=self.trace, **params)
        return task(list(parents)) if parents else task

    def abc(self):
        """Three tasks in a row, and the pipeline of them."""
        a = self.task("a")
        b = self.task("b", a)
        c = self.task("c", b)
        return pyperunner.Pipeline("abc", [a]), (a, b, c)

    def runner(self, data_path=None, **options):
        return pyperunner.Runner(self.data_path if data_path is None else data_path, self.log_path, **options)

    def executed(self):
        """Tags of the executions since the last call, in order."""
        trace = Path(self.trace)
        if not trace.exists():
            return []
        tags = trace.read_text().split()
        trace.unlink()
        return tags

    def folders(self):
        """The run folders, oldest first."""
        return (
            sorted(self.log_path.iterdir(), key=lambda path: path.stat().st_ctime_ns) if self.log_path.exists() else []
        )


STORE = """
import os, pickle, tempfile
from urllib.parse import urlsplit

class DiskStore:
    def __init__(self, url, **options):
        self.url, self.folder = url, urlsplit(url).path
        assert urlsplit(url).password in (None, "s3cret"), "the password did not get here"

    def _path(self, key):
        return os.path.join(self.folder, key.encode().hex())

    def missing(self, keys):
        return {key for key in keys if not os.path.exists(self._path(key))}

    def load(self, key):
        try:
            with open(self._path(key), "rb") as file:
                return pickle.load(file)
        except FileNotFoundError:
            raise KeyError(key) from None

    def save(self, key, value, meta=None):
        os.makedirs(self.folder, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as file:
            pickle.dump(value, file)
        os.replace(file.name, self._path(key))
        return {"digest": str(hash(key)), "size": 1}

    def meta(self, key):
        return {}

    def spec(self):
        return {"url": self.url}

    def probe(self):
        os.makedirs(self.folder, exist_ok=True)
"""


class Project:
    """A folder of a user's own with scripts that run in processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def write(self, name: str, text: str) -> Path:
        """Write a file; an edit gets a later second than what it replaces, as one made by hand would.

        Python takes byte code by second and size (PEP 552); tests/integration/test_stale_byte_code.py is about that.
        """
        path = self.folder / name
        before = path.stat().st_mtime if path.exists() else 0
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        if path.stat().st_mtime < before + 1:
            os.utime(path, (before + 1, before + 1))
        return path

    def install_store(self) -> None:
        """Put a third party's store for ``disk://`` beside the scripts, registered by an entry point."""
        self.write("third_party_store.py", STORE)
        self.write("third_party-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
        self.write(
            "third_party-1.0.dist-info/entry_points.txt",
            "[pyperunner.stores]\ndisk = third_party_store:DiskStore\n",
        )

    def start(self, *arguments, cwd=None, stdin=False, **env) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            cwd=cwd or self.folder,
            env={**os.environ, **env},
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def python(self, *arguments, cwd=None, code=0, **env) -> str:
        """Run Python with ``arguments``, expect the exit ``code``, and return what it printed."""
        process = self.start(*arguments, cwd=cwd, **env)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        return out.strip()

    def command(self, *arguments, cwd=None, code=0, **env) -> str:
        """Run the command ``pyperunner`` with ``arguments``."""
        return self.python("-m", "pyperunner_cli", *arguments, cwd=cwd, code=code, **env)


@pytest.fixture
def kit(tmp_path):
    return Kit(tmp_path)


@pytest.fixture(scope="session")
def new_project(tmp_path_factory):
    """Makes an empty project, for fixtures that serve several tests."""
    return lambda: Project(tmp_path_factory.mktemp("shared") / "project")


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")
