"""The real stores keep the ports that the graph and the readers of results own; the examples run on all of it."""

from __future__ import annotations

import runpy
import shutil
from pathlib import Path

import pytest

import pyperunner
from pyperunner_cache import open_store
from pyperunner_dag.testing import OutputStoreContract
from pyperunner_results.testing import OutputReaderContract

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
URLS = {
    "path": "{folder}/store",
    "file": "file://{folder}/store",
    "sqlite": "sqlite:///{folder}/store.db",
    "memory": "memory://",
}


class TestFileStore(OutputStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return open_store(tmp_path / "store")


class TestRawFileStore(OutputStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return open_store(tmp_path / "store", codec="raw")


class TestDurableSharedFileStore(OutputStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return open_store(tmp_path / "store", durable=True, shared=True)


class TestSqliteStore(OutputStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        with open_store(f"sqlite:///{tmp_path}/store.db") as store:
            yield store


class TestMemoryStore(OutputStoreContract):
    @pytest.fixture
    def store(self):
        return open_store("memory://")


class TestReaders(OutputReaderContract):
    """Each store satisfies the port of results as it is, without a word from either side."""

    @pytest.fixture(params=list(URLS), autouse=True)
    def scheme(self, request):
        return request.param

    @pytest.fixture
    def reader(self, tmp_path, scheme):
        self.scheme_in_use = scheme
        with self.make_reader(tmp_path, self.entries()) as reader:
            yield reader

    @staticmethod
    def entries():
        from pyperunner_results import testing

        return testing._ENTRIES

    def make_reader(self, folder, entries):
        store = open_store(URLS[self.scheme_in_use].format(folder=folder))
        for key, value in entries.items():
            store.save(key, value)
        return store


@pytest.mark.parametrize("scheme", ["path", "file", "sqlite"])
def test_a_pipeline_runs_on_every_store(kit, scheme):
    """Cold everything executes, warm nothing, and results are read in another object by the recorded path."""
    url = URLS[scheme].format(folder=kit.folder)
    pipeline, _ = kit.abc()
    runner = kit.runner(url)
    runner.run(pipeline, raise_on_failure=True)
    assert kit.executed() == ["a", "b", "c"]
    kit.runner(url).run(kit.abc()[0])
    assert kit.executed() == []
    read = pyperunner.PipelineResult.from_file(runner.pipeline_params_filename())
    assert dict(read) == {"Count(a)": 1, "Count(b)": 2, "Count(c)": 3}


def test_a_store_in_memory_runs_in_this_process_only(kit):
    """With children it is refused before anything starts; in this process it works."""
    pipeline, _ = kit.abc()
    with pytest.raises(ValueError, match="inline"):
        kit.runner("memory://").run(pipeline)
    assert kit.executed() == []
    runner = kit.runner("memory://", executor="inline")
    runner.run(pipeline, raise_on_failure=True)
    assert kit.executed() == ["a", "b", "c"]
    assert runner.results()["Count(c)"] == 3
    runner.run(pipeline)
    assert kit.executed() == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hello", {"Hello()": "hello world", "Shout()": "HELLO WORLD!!!"}),
        (
            "branches",
            {
                "Numbers()": [0, 1, 2, 3, 4],
                "Power(squares)": [0, 1, 4, 9, 16],
                "Power(cubes)": [0, 1, 8, 27, 64],
                "Total()": [30, 100],
            },
        ),
    ],
)
def test_the_small_examples(kit, name, expected):
    """Loaded as a module would be, and run on each kind of store."""
    for scheme in ("path", "sqlite"):
        pipeline = runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name=name)["pipeline"]
        runner = kit.runner(URLS[scheme].format(folder=kit.folder))
        runner.run(pipeline, raise_on_failure=True)
        assert dict(runner.results()) == expected


@pytest.mark.parametrize("name", ["hello", "branches"])
def test_the_small_examples_as_scripts_and_by_the_command(project, name):
    """The script executes everything; the command after it finds it all done."""
    shutil.copy(EXAMPLES / f"{name}.py", project.folder)
    project.python(f"{name}.py")
    arguments = ("--data-path", "pyperunner-data", "--log-path", "pyperunner-runs")
    project.command("run", f"{name}.py", *arguments)
    logs = sorted((project.folder / "pyperunner-runs").glob("*/pipeline.log"))
    assert len(logs) == 2
    started = [log.read_text().count("started: ") for log in logs]
    assert sorted(started) == [0, 2 if name == "hello" else 4]
