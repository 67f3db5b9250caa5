"""Packages that tasks import by themselves: imported once for all, where that does no harm."""

from __future__ import annotations

import os

import pytest

PACKAGE = """
    import os
    with open(os.environ["TRACE"], "a") as file:
        file.write(f"{os.getpid()} ")
    VALUE = os.environ.get("SETTING", "unset")
"""
THREAD = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
DEVICE = "import os; device = os.open('/dev/loop-control', os.O_RDONLY)\n"
FLOW = """
    import os, sys
    from pyperunner import Pipeline, Runner, task
    from pyperunner_runner.executors.pool import PoolExecutor

    @task("Use", receives_input=False)
    def use(n):
        def inside():
            {statement}
            return {value}
        return inside()

    if __name__ == "__main__":
        tasks = [use(str(n), n=n) for n in range(6)]
        tasks = [tasks[0]{with_options}, *tasks[1:]]
        Runner(sys.argv[1], "logs", 2, **{options}).run(Pipeline("p", tasks), raise_on_failure=True)
        print(os.getpid(), *[task.output for task in tasks])
"""
POOL = "dict(executor=PoolExecutor)"
SERVER = "dict(start_method='forkserver')"


class Trial:
    def __init__(self, project):
        self.project = project
        self.packages = project.folder / "site-packages"
        self.trace = project.folder / "trace"
        self.package()

    def package(self, first=""):
        self.project.write("site-packages/heavy/__init__.py", "")
        (self.packages / "heavy/__init__.py").write_text(first)
        self.project.write("site-packages/heavy/part.py", PACKAGE)

    def run(self, options="{}", statement="from heavy.part import VALUE", value="VALUE", with_options=""):
        """Return in how many processes the package was imported, and what the tasks returned."""
        self.trace.write_text("")
        flow = FLOW.format(options=options, statement=statement, value=value, with_options=with_options)
        self.project.write("flow.py", flow)
        env = {
            "PYTHONPATH": str(self.packages),
            "TRACE": str(self.trace),
            "XDG_CACHE_HOME": str(self.project.folder / "cache"),
        }
        number = len(list(self.project.folder.glob("store*")))
        runner, *outputs = self.project.python("flow.py", f"store{number}", **env).split()
        processes = self.trace.read_text().split()
        assert runner not in processes, "the runner has imported it"
        return len(set(processes)), outputs


@pytest.fixture
def trial(project):
    return Trial(project)


@pytest.mark.parametrize("options", ["{}", pytest.param(POOL, marks=pytest.mark.long), SERVER])
def test_what_tasks_import_is_imported_once(trial, options):
    assert trial.run(options)[0] == 2, "a process that is thrown away, and the one that is copied"
    assert trial.run(options) == (1, ["unset"] * 6), "it is remembered that this does no harm"


@pytest.mark.parametrize("statement", ["import heavy.part", "from heavy import part"])
def test_each_form_of_an_import_is_seen(trial, statement):
    value = "heavy.part.VALUE" if statement.startswith("import") else "part.VALUE"
    assert trial.run(statement=statement, value=value)[0] == 2


@pytest.mark.parametrize("first", [THREAD, pytest.param(DEVICE, marks=pytest.mark.root)])
def test_what_starts_threads_or_opens_a_device_is_left_to_the_tasks(trial, first):
    if first is DEVICE and not os.access("/dev/loop-control", os.R_OK):
        pytest.skip("needs the right to open a device")
    trial.package(first)
    assert trial.run()[0] == 7
    assert trial.run() == (6, ["unset"] * 6), "it is remembered that this does harm"
    trial.package(first + "more = 1\n")
    assert trial.run()[0] == 7, "another version is looked at anew"


def test_it_can_be_turned_off_and_named(trial):
    assert trial.run("dict(preload=False)")[0] == 6
    dynamic = {
        "statement": "import importlib; part = importlib.import_module('heavy.' + 'part')",
        "value": "part.VALUE",
    }
    assert trial.run(**dynamic)[0] == 6
    assert trial.run("dict(preload=['heavy.part'])", **dynamic)[0] == 2


def test_a_library_finds_the_environment_of_its_task(trial):
    outputs = trial.run(with_options=".with_options(env={'SETTING': 'set'})")[1]
    assert outputs == ["set"] + ["unset"] * 5


def test_a_failing_import_fails_in_the_task(trial):
    trial.package("raise ValueError('not today')")
    with pytest.raises(AssertionError, match="not today"):
        trial.run()
