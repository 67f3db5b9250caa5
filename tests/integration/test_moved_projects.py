"""Records outlive a move: of the project, of its folders one by one, of the folder that commands are given in."""

from __future__ import annotations

import shutil

import pytest

FLOW = """
    import dataclasses
    from pyperunner import Pipeline, task
    from features import double

    print("loading")

    @dataclasses.dataclass
    class Model:
        w: float

    @task("Load")
    def load(n):
        return n

    @task("Fit")
    def fit(data):
        return Model(double(data[0]))

    pipeline = Pipeline("p", [fit()(load(n=1))])
"""


@pytest.fixture
def runs(project):
    """Two runs of a project, the second one with another param; their folders as seen from the project's."""
    project.write("flow.py", FLOW)
    project.write("features.py", "def double(x):\n    return 2 * x\n")
    project.command("run", "flow.py", "--no-report")
    project.command("run", "flow.py", "--no-report", "--set", "Load().n=2")
    return sorted(str(path.relative_to(project.folder)) for path in project.folder.glob("pyperunner-runs/*"))


def move(project):
    project.folder = project.folder.rename(project.folder.with_name("renamed"))


def copy(project):
    project.folder = shutil.copytree(project.folder, project.folder.with_name("copied"))
    shutil.rmtree(project.folder.with_name("project"))


def move_the_store_and_the_code(project):
    for name in ("pyperunner-data", "flow.py", "features.py"):
        (project.folder / "elsewhere").mkdir(exist_ok=True)
        (project.folder / name).rename(project.folder / "elsewhere" / name)


@pytest.mark.parametrize(
    ("change", "options"),
    [
        (move, []),
        pytest.param(copy, [], marks=pytest.mark.long),
        (move_the_store_and_the_code, ["--data-path", "elsewhere/pyperunner-data", "--project", "elsewhere"]),
    ],
)
def test_results_differences_and_tasks_are_found_again(project, runs, change, options):
    change(project)
    first, second = runs
    table = project.command("results", first, *options).splitlines()
    assert [line.split()[-1] for line in table] == ["output", "stored", "stored"]
    assert project.command("results", first, "Fit()", *options) == "Model(w=2)"
    assert "Model(w=2) → Model(w=4)" in project.command("diff", first, second, *options)
    assert project.command("debug", first, "Fit()", *options).endswith("Model(w=2)")
    assert "0 executed" in project.command("run", first, "--no-report", *options)


def test_a_run_of_a_record_is_one_that_can_be_repeated(project, runs):
    elsewhere = project.folder.with_name("elsewhere")
    elsewhere.mkdir()
    project.command("run", str(project.folder / runs[0]), "--no-report", cwd=elsewhere)
    [again] = elsewhere.glob("pyperunner-runs/*")
    assert "0 executed" in project.command("run", str(again), "--no-report", cwd=elsewhere)
    assert project.command("debug", str(again), "Fit()", cwd=elsewhere).endswith("Model(w=2)")


def test_the_table_of_a_run_needs_no_store(project, runs):
    shutil.rmtree(project.folder / "pyperunner-data")
    (project.folder / "mail").mkdir()
    (project.folder / runs[0]).rename(project.folder / "mail" / "it")
    process = project.start("-m", "pyperunner_cli", "results", "mail/it")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert [line.split()[-1] for line in out.splitlines()] == ["output", "unknown", "unknown"]
    assert [line.split()[1] for line in out.splitlines()] == ["status", "success", "success"]
    assert "give its path or URL with --data-path" in err


@pytest.mark.parametrize("command", [("results", "Fit()"), ("debug", "Fit()")])
def test_an_error_names_the_option_of_the_command(project, runs, command):
    shutil.rmtree(project.folder / "pyperunner-data")
    name, task = command
    process = project.start("-m", "pyperunner_cli", name, runs[0], task)
    assert "give its path or URL with --data-path" in process.communicate(timeout=60)[1]
    assert process.returncode == 2


def test_a_project_that_is_none_is_named(project, runs):
    process = project.start("-m", "pyperunner_cli", "debug", runs[0], "Fit()", "--project", "nowhere")
    assert process.communicate(timeout=60)[1] == "pyperunner: --project 'nowhere' is no folder.\n"


PACKAGE = """
    from pathlib import Path
    from pyperunner import Pipeline, task
    from pyperunner_dag import File
    from pkg.models import Model

    @task("Fit")
    def fit(w):
        return Model(w)

    @task("Table")
    def table(data, name):
        Path(name).write_text(str(data[0]))
        return File(Path(name).absolute())

    model = fit(w=2)
    table(name="table.txt")(model)
    pipeline = Pipeline("p", [model])
"""
MODELS = "import dataclasses\n@dataclasses.dataclass\nclass Model:\n    w: int\n"


def test_a_file_of_a_package_finds_it_and_returned_files_move_along(project):
    project.write("src/pkg/__init__.py", "")
    project.write("src/pkg/models.py", MODELS)
    project.write("src/pkg/flow.py", PACKAGE)
    project.command("run", "src/pkg/flow.py", "--no-report")
    move(project)
    assert project.command("results", "latest", "Fit()") == "Model(w=2)"
    assert project.command("results", "latest", "Table()") == f"File({str(project.folder / 'table.txt')!r})"
    assert project.command("debug", "latest", "Fit()") == "Model(w=2)"
    assert "0 executed, 2 skipped" in project.command("run", "latest", "--no-report")
    (project.folder / "pyperunner-runs").rename(project.folder.parent / "runs")
    options = ["--data-path", str(project.folder / "pyperunner-data"), "--project", str(project.folder)]
    for place in (project.folder, project.folder.parent):
        assert project.command("results", *_latest(place, "Fit()"), *options, cwd=place) == "Model(w=2)"
        assert project.command("debug", *_latest(place, "Fit()"), *options, cwd=place) == "Model(w=2)"


def _latest(place, task):
    return ["latest", task, "--log-path", "runs" if (place / "runs").exists() else "../runs"]
