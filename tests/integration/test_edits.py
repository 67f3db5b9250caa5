"""Real edits of a small project, each followed by runs of the command in fresh processes."""

from __future__ import annotations

import re
import shutil

import pytest

FLOW = """
    import pyperunner as p
    from features import clean
    from settings import LIMIT

    @p.task("Load")
    def load(path="data.csv", rows=2):
        return [float(line) for line in open(path)][:rows]

    @p.task("Clean")
    def clean_all(data):
        return [clean(x) for x in data[0] if x < LIMIT]

    @p.task("Total")
    def total(data):
        return sum(data[0])

    @p.task("Report")
    def report(data, title="total"):
        return f"{title}: {data[0]}"

    first = load("csv")
    report()(total()(clean_all()(first)))
    pipeline = p.Pipeline("edits", [first])
"""
FEATURES = """
    def clean(x):
        return x * 2
"""


@pytest.fixture(scope="module")
def original(new_project):
    """The project after its first run."""
    project = new_project()
    project.write("flow.py", FLOW)
    project.write("features.py", FEATURES)
    project.write("settings.py", "LIMIT = 100\n")
    project.write("data.csv", "1\n2\n3\n")
    assert executed(project) == "Load Clean Total Report"
    return project.folder


@pytest.fixture
def edits(original, project):
    shutil.copytree(original, project.folder, dirs_exist_ok=True)
    return project


def executed(project, *flags) -> str:
    """Run the pipeline and return the tasks that were executed."""
    out = project.command("run", "flow.py", "-v", *flags)
    folder = re.search(r"results: (.*)", out)[1]
    log = (project.folder / folder / "events.jsonl").read_text()
    return " ".join(re.findall(r'"kind": ?"task_started"[^\n]*"task": ?"(\w+)\(', log))


def explain(project, *task) -> list[str]:
    return project.command("explain", "flow.py", *task).splitlines()


def test_a_refactoring_is_explained_accepted_and_costs_nothing(edits):
    edits.write("features.py", FEATURES.replace("x * 2", "x + x"))
    assert explain(edits) == [
        "Load(csv)  up to date, needed by a task that runs",
        "Clean()  will run",
        "    helper clean() in features.py changed",
        "Total()  will run",
        "    upstream Clean() changed",
        "Report()  will run",
        "    upstream Total() changed",
    ]
    assert "        +    return x + x" in explain(edits, "Clean()")
    edits.command("accept", "flow.py", "Clean()", code=1)
    assert edits.command("accept", "flow.py", "Clean()", "--downstream", "--yes").splitlines()[-1] == (
        "accepted Clean(), Total(), Report()"
    )
    assert executed(edits) == ""
    edits.write("features.py", FEATURES)
    assert executed(edits) == ""


def test_a_second_edit_further_down_is_not_accepted_along(edits):
    edits.write("features.py", FEATURES.replace("x * 2", "x + x"))
    edits.write("flow.py", FLOW.replace("return sum(data[0])", "return 0 + sum(data[0])"))
    said = edits.command("accept", "flow.py", "Clean()", "--downstream", "--yes").splitlines()
    assert said[-1] == "accepted Clean()"
    assert executed(edits) == "Total Report"


def test_early_cutoff_runs_the_refactored_task_and_nothing_after_it(edits):
    edits.write("features.py", FEATURES.replace("x * 2", "x + x"))
    assert executed(edits, "--early-cutoff") == "Clean"
    assert executed(edits) == ""
    edits.write("features.py", FEATURES.replace("x * 2", "x * 3"))
    assert executed(edits, "--early-cutoff") == "Clean Total Report"
    edits.write("settings.py", "LIMIT = 50\n")
    assert executed(edits, "--early-cutoff") == "Clean"
    assert edits.python("-c", READ) == "total: 9.0"


READ = """
import glob, pyperunner
print(pyperunner.PipelineResult.from_file(sorted(glob.glob("pyperunner-runs/*/pipeline.yaml"))[-1])["Report()"])
"""


def test_without_early_cutoff_all_that_follows_runs(edits):
    edits.write("features.py", FEATURES.replace("x * 2", "x + x"))
    assert executed(edits) == "Clean Total Report"


def test_early_cutoff_looks_at_what_a_task_itself_is_made_of(edits):
    edits.write("features.py", FEATURES.replace("x * 2", "x + x"))
    assert executed(edits, "--early-cutoff", "--set", "Report().title=sum") == "Clean Report"


def test_each_edit_has_its_word(edits):
    edits.write("settings.py", "LIMIT = 99\n")
    assert "    constant LIMIT in settings.py changed" in explain(edits)
    edits.write("settings.py", "# a comment\nLIMIT = 100\n")
    assert [line.split("  ")[1] for line in explain(edits)] == ["up to date"] * 4
    edits.write("flow.py", FLOW.replace('load("csv")', 'load("csv", rows=3)'))
    assert explain(edits)[:4] == [
        "Load(csv)  will run",
        "    param rows added",
        "Clean()  will run",
        "    upstream Load(csv) changed",
    ]
    edits.write("flow.py", FLOW.replace("sum(data[0])", "max(data[0])"))
    assert "    code of run() changed" in explain(edits, "Total()")
    plan = edits.command("plan", "flow.py").splitlines()
    assert [line.split()[1] for line in plan[:4]] == ["skip", "load", "run", "run"]
    assert plan[2].endswith("code of run() changed")


def test_a_saved_pipeline_speaks_of_the_same_things(edits):
    edits.python("-c", "import flow; flow.pipeline.to_file('p.yaml')")
    edits.write("features.py", FEATURES.replace("x * 2", "x + x"))
    edits.write("settings.py", "LIMIT = 99\n")
    read = "import pyperunner as p\ntry: p.Pipeline.from_file('p.yaml')\nexcept ValueError as error: print(error)"
    said = edits.python("-c", read)
    for words in ("helper clean() in features.py changed", "constant LIMIT in settings.py changed"):
        assert words in said
    assert "upstream Clean() changed" in said


def test_invalidated_outputs_are_made_again(edits):
    assert edits.command("invalidate", "flow.py", "Total") == "removed Total()"
    assert explain(edits, "Total()") == ["Total()  will run", "    entry missing"]
    assert executed(edits, "--early-cutoff") == "Total"
    assert edits.command("invalidate", "flow.py", "Total", "--downstream") == "removed Total(), Report()"
    assert executed(edits) == "Total Report"
