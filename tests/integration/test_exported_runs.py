"""Runs as RO-Crates and as PROV: whole, true to the record, with nothing secret, whatever things are called."""

from __future__ import annotations

import json

import pytest

FLOW = r"""
from pyperunner import Pipeline, task
from pyperunner_dag import Secret

@task("Load")
def load(n, token, note="x"):
    return list(range(n))

@task("Broken")
def broken(data):
    raise ValueError("no mean \x1b[2J today")

@task("Mean")
def mean(data):
    return sum(data[0]) / len(data[0])

@task("After")
def after(data):
    return 1

first = load("a/b \x1b[31m<é>", n=4, token=Secret(env="TOKEN"), note="\x1b]0;title\x07")
mean()(first)
after()(broken()(first))
pipeline = Pipeline("flow", [first])
"""
NAME = "Load(a/b \x1b[31m<é>)"


@pytest.fixture(scope="module")
def run(new_project):
    """A project with a run in which a task fails, and one after it in which all but that is there."""
    project = new_project()
    project.write("flow.py", FLOW)
    for _ in range(2):
        project.command("run", "flow.py", "--no-report", code=1, TOKEN="s3cret-token")
    return project


def _first(project):
    return sorted((project.folder / "pyperunner-runs").iterdir(), key=lambda path: path.stat().st_ctime_ns)[0].name


def test_a_crate_refers_to_nothing_that_it_does_not_hold(run):
    run.command("export", _first(run), "--format", "ro-crate", "-o", "crate", "--license", "https://example.org/l")
    folder = run.folder / "crate"
    text = (folder / "ro-crate-metadata.json").read_text()
    assert text.isascii()
    assert "s3cret-token" not in text + "".join(
        p.read_text() for p in folder.rglob("*") if p.suffix in (".yaml", ".log")
    )
    graph = json.loads(text)["@graph"]
    entities = {each["@id"]: each for each in graph}
    assert len(entities) == len(graph)
    outside = {link for link in _links(graph) if link not in entities and "://" not in link}
    assert outside == set()
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    parts = {each["@id"] for each in entities["./"]["hasPart"]}
    assert len(parts) == len(files) - 1
    assert "pipeline.yaml" in parts & files
    actions = {each["name"]: each for each in graph if each["@type"] == "CreateAction"}
    statuses = {name: action["actionStatus"].rpartition("/")[2] for name, action in actions.items() if "of" in name}
    assert statuses == {
        f"Run of {NAME}": "CompletedActionStatus",
        "Run of Mean()": "CompletedActionStatus",
        "Run of Broken()": "FailedActionStatus",
    }
    made = actions[f"Run of {NAME}"]["result"]["@id"]
    assert actions["Run of Mean()"]["object"] == {"@id": made}
    values = {each["name"]: each["value"] for each in graph if each["@type"] == "PropertyValue"}
    assert values[f"{NAME}.n"] == "4"
    assert values[f"{NAME}.note"] == "\x1b]0;title\x07"
    assert entities["./"]["license"] == {"@id": "https://example.org/l"}


def test_prov_is_read_by_the_library_of_that_name(run):
    model = pytest.importorskip("prov.model", reason="needs prov")
    run.command("export", _first(run), "--format", "prov", "-o", "run.json")
    text = (run.folder / "run.json").read_text()
    assert text.isascii()
    assert "s3cret-token" not in text
    document = model.ProvDocument.deserialize(content=text, format="json")
    kinds = [record.get_type().localpart for record in document.get_records()]
    counts = {kind: kinds.count(kind) for kind in kinds}
    assert counts == {"Agent": 1, "Entity": 2, "Activity": 3, "Usage": 2, "Generation": 2, "Association": 3}
    labels = {str(record.label) for record in document.get_records(model.ProvActivity)}
    assert labels == {NAME, "Mean()", "Broken()"}
    used = {relation.args[1] for relation in document.get_records(model.ProvUsage)}
    assert len(used) == 1
    assert used <= {entity.identifier for entity in document.get_records(model.ProvEntity)}


def test_what_was_there_is_no_activity(run):
    second = sorted((run.folder / "pyperunner-runs").iterdir(), key=lambda path: path.stat().st_ctime_ns)[1].name
    document = json.loads(run.command("export", second, "--format", "prov", "-o", "-"))
    assert [activity["prov:label"] for activity in document["activity"].values()] == ["Broken()"]
    assert len(document["entity"]) == 2


def test_what_is_there_is_not_written_over(run):
    run.write("taken/file", "mine")
    run.command("export", _first(run), "--format", "ro-crate", "-o", "taken", code=2)
    run.command("export", _first(run), "--format", "ro-crate", "-o", "-", code=2)
    assert (run.folder / "taken" / "file").read_text() == "mine"
    assert [path.name for path in run.folder.iterdir() if path.name.startswith(".taken")] == []


def _links(value):
    if isinstance(value, list):
        for item in value:
            yield from _links(item)
    elif isinstance(value, dict):
        if set(value) == {"@id"}:
            yield value["@id"]
        for item in value.values():
            yield from _links(item)
