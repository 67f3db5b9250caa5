"""What a run leaves behind: its folder, pipeline.yaml, the logs, the environment."""

from __future__ import annotations

import logging
import os
import platform
import re
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml

import pyperunner
import pyperunner.environment
from pyperunner import Pipeline, Task, run


class Speak(Task):
    """Says something in every way there is."""

    @run
    def run(self):
        print("printed words")
        print("more\nthan one line", file=sys.stderr)
        os.write(1, b"raw words\n")
        subprocess.run(["echo", "a child's words"], check=True)
        logging.getLogger("own").warning("logged words")


def record(runner):
    return yaml.safe_load(Path(runner.pipeline_params_filename()).read_text())


def test_the_folder_has_the_pipelines_name_and_the_time(kit):
    """`<pipeline>_<yymmddTHHMMSS>` in local time, directly below the log path, which holds run folders only."""
    before = datetime.now().replace(microsecond=0)
    pipeline = Pipeline("my-flow", [kit.task("a"), kit.task("bad", fail=True)])
    kit.runner().run(pipeline)
    (folder,) = kit.log_path.iterdir()
    assert folder.is_dir()
    name, _, stamp = folder.name.rpartition("_")
    assert name == "my-flow"
    moment = datetime.strptime(stamp, "%y%m%dT%H%M%S")
    assert before <= moment <= datetime.now() + timedelta(seconds=1)


def test_runs_in_one_second_get_folders_of_their_own(kit):
    """However fast they follow each other, none writes into another's folder."""
    pipeline, _ = kit.abc()
    for _ in range(5):
        kit.runner().run(pipeline)
    assert len(kit.folders()) == 5
    assert all((folder / "pipeline.yaml").is_file() for folder in kit.folders())
    assert all(path.is_dir() for path in kit.log_path.iterdir())


@pytest.mark.parametrize("name", ["a/b", "..", "../up", "x" * 300, "with space", "ä", ""])
def test_odd_pipeline_names_stay_below_the_log_path(kit, name):
    """Whatever the name, there is one folder, directly below the log path."""
    kit.runner().run(Pipeline(name, [kit.task("a")]))
    (folder,) = kit.log_path.iterdir()
    assert (folder / "pipeline.yaml").is_file()
    assert yaml.safe_load((folder / "pipeline.yaml").read_text())["pipeline"] == {"name": name}


def test_the_record_is_the_pipelines_form_plus_run(kit):
    """`to_dict()` is in it unchanged, and `run` has exactly these sections."""
    pipeline, _ = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    saved = record(runner)
    assert {key: value for key, value in saved.items() if key != "run"} == pipeline.to_dict()
    assert set(saved["run"]) == {"data_path", "log_path", "host", "env", "pyperunner"}
    assert set(saved["run"]["host"]) == {"hostname", "os", "python"}
    assert saved["run"]["host"]["hostname"] == platform.node()
    assert saved["run"]["host"]["python"] == platform.python_version()
    assert platform.system() in saved["run"]["host"]["os"]
    assert saved["run"]["pyperunner"] == pyperunner.__version__


def test_the_data_path_is_recorded_absolute_and_real(kit, monkeypatch):
    """A relative path through a link is recorded as where it leads."""
    (kit.folder / "real").mkdir()
    (kit.folder / "link").symlink_to("real")
    monkeypatch.chdir(kit.folder)
    runner = pyperunner.Runner("link/data", "logs")
    runner.run(Pipeline("p", [kit.task("a")]))
    assert record(runner)["run"]["data_path"] == os.path.realpath(kit.folder / "real" / "data")
    assert Path(record(runner)["run"]["log_path"]).is_absolute()


def test_credentials_are_stripped_from_store_urls(project):
    """The password of a store's URL reaches the store, in every process, and no file of the run folder."""
    project.install_store()
    project.write(
        "flow.py",
        """
        import sys
        from pyperunner import Pipeline, PipelineResult, Runner, task

        @task("One")
        def one():
            return 1

        @task("Two")
        def two(data):
            return data

        first = one()
        two()(first)
        url = f"disk://user:s3cret@host{sys.argv[1]}?token=t0ken"
        runner = Runner(url, "logs")
        runner.run(Pipeline("p", [first]), raise_on_failure=True)
        print(runner.results()["Two()"], PipelineResult.from_file(runner.pipeline_params_filename(), url)["Two()"])
        print(repr(runner.results()), runner.results().data_path)
        """,
    )
    out = project.python("flow.py", project.folder / "store")
    assert out.startswith("[1] [1]")
    assert "s3cret" not in out
    files = [path for path in (project.folder / "logs").rglob("*") if path.is_file()]
    assert files
    for path in files:
        text = path.read_text()
        assert "s3cret" not in text, path
        assert "user:" not in text, path
        assert "t0ken" not in text, path
    (saved,) = (yaml.safe_load(path.read_text()) for path in files if path.name == "pipeline.yaml")
    assert saved["run"]["data_path"].startswith("disk://host")


def test_credentials_are_not_in_errors_either(project):
    """What is raised because the store cannot be written, or keeps no files, names the place without the password."""
    project.install_store()
    project.write("flow.py", "in the way of a folder")
    code = """if True:
        import pyperunner, sys

        @pyperunner.task("One")
        def one():
            return 1

        task, url = one(), f"disk://user:s3cret@host{sys.argv[1]}"
        task.set_data_path(url)
        runner = pyperunner.Runner(url, "logs")
        for act in (task.output_filename, lambda: runner.run(pyperunner.Pipeline("p", [task]))):
            try:
                act()
            except Exception as error:
                print(error)
    """
    files, unwritable = project.python("-c", code, project.folder / "flow.py" / "store").splitlines()
    assert "no files" in files
    assert "disk://host" in unwritable
    assert "s3cret" not in files + unwritable


def test_what_tasks_say_is_in_the_log(kit, capfd):
    """The runner's lines and all that tasks print, each with task name, level, process and time; not on the screen."""
    task = Speak()
    runner = kit.runner()
    runner.run(Pipeline("p", [task]))
    lines = (kit.folders()[0] / "pipeline.log").read_text().splitlines()

    def line(words):
        (found,) = (line for line in lines if words in line)
        return found

    for words in ("printed words", "more", "than one line", "raw words", "a child's words", "logged words"):
        found = line(words)
        assert "Speak()" in found
        assert re.search(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", found), found
        assert re.search(r"\b(INFO|WARNING)\b", found), found
    pid = re.search(r"\s(\d+)\s", line("printed words"))[1]
    assert pid != str(os.getpid())
    assert re.search(rf"\s{pid}\s", line("than one line"))
    assert "WARNING" in line("logged words")
    assert any(re.search(rf"\s{os.getpid()}\s", line) for line in lines), "no line of the runner's own"
    assert "printed words" not in capfd.readouterr().out


def test_a_forged_line_stays_in_its_line(kit):
    """What a task prints cannot pass for a line of another task or steer the terminal."""

    class Forge(Task):
        @run
        def run(self):
            print("\x1b[31mred\rINFO\tOther()\tforged")

    kit.runner().run(Pipeline("p", [Forge()]))
    text = (kit.folders()[0] / "pipeline.log").read_bytes()
    assert b"\x1b" not in text
    assert b"\r" not in text


def test_an_exception_log_only_when_something_failed(kit):
    """With the traceback of the failed task; absent after a run without failures."""
    runner = kit.runner()
    runner.run(Pipeline("p", [kit.task("good")]))
    assert not (Path(runner.pipeline_params_filename()).parent / "exception.log").exists()
    runner.run(Pipeline("p", [kit.task("bad", fail=True)]))
    text = (Path(runner.pipeline_params_filename()).parent / "exception.log").read_text()
    assert "Count(bad)" in text
    assert "ValueError: no bad today" in text
    assert "Traceback" in text


def test_the_picture_is_coloured_by_status(kit):
    """A picture with every task; tasks of different status have different colours."""
    from xml.etree import ElementTree

    bad = kit.task("bad", fail=True)
    kit.task("after", bad)
    kit.runner().run(Pipeline("p", [bad, kit.task("good")]))
    (picture,) = kit.folders()[0].glob("*.svg")
    text = picture.read_text()
    ElementTree.fromstring(text)
    for tag in ("bad", "after", "good"):
        assert f"Count({tag})" in text
    kit.runner().run(Pipeline("p", [kit.task("good"), kit.task("better")]))
    (calm,) = kit.folders()[1].glob("*.svg")

    def colours(drawing):
        return set(re.findall(r"#[0-9a-fA-F]{3,8}\b", drawing.read_text()))

    assert len(colours(picture)) > len(colours(calm))


def test_the_record_is_there_before_the_first_task_ends(kit):
    """A reader during the run finds a valid pipeline.yaml."""

    class Look(Task):
        @run
        def run(self, logs):
            (found,) = Path(logs).glob("*/pipeline.yaml")
            return list(yaml.safe_load(found.read_text())["tasks"])

    task = Look(logs=str(kit.log_path))
    kit.runner().run(Pipeline("p", [task]))
    assert task.output == ["Look()"]


# --- environment and git

INFO = """
import pyperunner, json, sys
import pyperunner.environment
import helper
print(json.dumps(pyperunner.environment.get_environment_info()))
"""


@pytest.fixture
def lone(project, monkeypatch):
    """A project outside any git repository, with git told not to look further up or at anybody's settings."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.folder.parent.parent))
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "n")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "e@example.org")
    project.write("flow.py", INFO)
    project.write("helper.py", "x = 1\n")
    return project


def git(project, *arguments):
    done = subprocess.run(["git", *arguments], cwd=project.folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def info(project, **env):
    import json

    found = json.loads(project.python("flow.py", **env))
    own = [
        repo for repo in found["repositories"] if repo["url"] == "https://example.org/own.git" or repo["url"] is None
    ]
    return found, own


def test_what_the_environment_tells(lone):
    """base_dir, mainfile, sources, dependencies, repositories, in exactly these shapes."""
    found, _ = info(lone)
    assert set(found) == {"base_dir", "mainfile", "sources", "dependencies", "repositories"}
    assert found["base_dir"] == os.path.realpath(lone.folder)
    assert found["mainfile"] == "flow.py"
    assert all(set(source) == {"filename", "hash"} for source in found["sources"])
    names = {source["filename"]: source["hash"] for source in found["sources"]}
    assert {"flow.py", "helper.py"} <= set(names)
    assert all(set(package) == {"name", "version"} for package in found["dependencies"])
    versions = {package["name"].lower(): package["version"] for package in found["dependencies"]}
    assert versions["pyyaml"] == yaml.__version__
    assert versions["pyperunner"] == pyperunner.__version__
    assert all(set(repo) == {"url", "commit", "dirty"} for repo in found["repositories"])
    lone.write("helper.py", "x = 2\n")
    changed = {source["filename"]: source["hash"] for source in info(lone)[0]["sources"]}
    assert changed["helper.py"] != names["helper.py"]
    assert changed["flow.py"] == names["flow.py"]


def test_the_environment_is_recorded(kit):
    """`run.env` is what `get_environment_info()` says."""
    runner = kit.runner()
    runner.run(Pipeline("p", [kit.task("a")]))
    env = record(runner)["run"]["env"]
    now = pyperunner.environment.get_environment_info()
    assert set(env) == set(now)
    assert env["dependencies"] == now["dependencies"]
    assert env["base_dir"] == now["base_dir"]


FLOW = """
from pyperunner import Pipeline, Runner, task

@task("One")
def one():
    return 1

runner = Runner("data", "logs")
runner.run(Pipeline("p", [one()]), raise_on_failure=True)
print(runner.results()["One()"])
"""


def recorded_repositories(project):
    project.write("run_it.py", FLOW)
    assert project.python("run_it.py") == "1"
    newest = max((project.folder / "logs").glob("*/pipeline.yaml"), key=lambda path: path.stat().st_mtime_ns)
    saved = yaml.safe_load(newest.read_text())["run"]["env"]
    assert saved["mainfile"] == "run_it.py"
    return saved["repositories"]


def test_it_works_outside_a_git_repository(lone):
    """A run succeeds, and no repository is the project's."""
    before = recorded_repositories(lone)
    git(lone, "init", "-q")
    assert len(recorded_repositories(lone)) == len(before) + 1


def test_it_works_in_a_git_repository_without_a_commit(lone):
    """The repository is there, its commit is none."""
    git(lone, "init", "-q")
    first = recorded_repositories(lone)[0]
    assert (first["url"], first["commit"]) == (None, None)


def test_a_commit_and_a_dirty_tree_are_told(lone):
    """The commit's full name; dirty exactly when a tracked file was changed."""
    git(lone, "init", "-q")
    git(lone, "remote", "add", "origin", "https://user:s3cret@example.org/own.git")
    lone.write("run_it.py", FLOW)
    git(lone, "add", "flow.py", "helper.py", "run_it.py")
    git(lone, "commit", "-q", "-m", "first")
    head = git(lone, "rev-parse", "HEAD")
    assert recorded_repositories(lone)[0] == {"url": "https://example.org/own.git", "commit": head, "dirty": False}
    lone.write("helper.py", "x = 3\n")
    assert recorded_repositories(lone)[0] == {"url": "https://example.org/own.git", "commit": head, "dirty": True}


def test_it_works_without_git(lone, tmp_path):
    """No program called git on the machine: the run succeeds all the same."""
    git(lone, "init", "-q")
    (tmp_path / "empty").mkdir()
    lone.write("run_it.py", FLOW)
    assert lone.python("run_it.py", PATH=str(tmp_path / "empty")) == "1"
