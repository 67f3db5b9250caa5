"""Run folders that somebody else has written: no command that reads one hangs, breaks or passes anything on."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyperunner import Pipeline, PipelineResult, Runner, task
from pyperunner_cli import main
from pyperunner_results import write_report

ESCAPE = "\x1b]0;owned\x07\x1b[2J"
STRANGE = [
    float("inf"),
    float("nan"),
    10**400,
    -1,
    0,
    1e300,
    True,
    None,
    "x",
    ESCAPE,
    [1],
    {"a": 1},
    {ESCAPE: [ESCAPE]},
]
VALUES = st.recursive(
    st.one_of(st.sampled_from(STRANGE), st.floats(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=10), inner, max_size=3)),
    max_leaves=5,
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@task("Load")
def load(n):
    return list(range(n))


@task("Total")
def total(rows, fail=False):
    print("summing")
    if fail:
        raise ValueError("no")
    return sum(rows)


class Planted:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@task("Plant")
def plant(mark):
    return Planted(mark)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The folder of a run with a failure in it."""
    root = tmp_path_factory.mktemp("good")
    rows = load(n=4)
    runner = Runner(root / "data", root / "runs", process_limit=1)
    runner.run(Pipeline("p", [total("well", rows=rows), total("ill", rows=rows, fail=True)]))
    return Path(runner.run_folder)


@pytest.fixture
def bad(good, tmp_path):
    """A copy of it, for the worse."""
    folder = tmp_path / "runs" / "bad"
    shutil.copytree(good, folder)
    return folder


def edit_json(path, edit):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        edit(line)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def say(capsys, *arguments):
    """Return what a command prints; it says what is wrong, if anything, and nothing that a terminal would obey."""
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code in (0, 2), err
    assert not OBEYED.search(out + err), arguments
    return out + err


def read_all(capsys, good, folder):
    """Read a folder with every command that reads one."""
    listed = say(capsys, "runs", "--log-path", folder.parent, "--number", "0")
    assert folder.name in listed
    for command in (["results", folder], ["diff", good, folder], ["diff", folder, good], ["report", folder]):
        say(capsys, *command)
    if (folder / "report.html").exists():
        assert not OBEYED.search((folder / "report.html").read_text())


FACTS = [
    "kind", "task", "attempt", "status", "reason", "error", "key", "parts", "uss_peak", "traceback", "exit", "cpu",
    "max_rss", "read", "written", "oom", "size", "digest", "undeclared", "start", "end", "wall", "time", "pid", "log",
    "name", "source", "layout", "tasks", "wait",
]  # fmt: skip
SUMMARY = ["schema", "pipeline", "state", "start", "end", "process", "tasks", "total", "git", "params", "params_digest"]
TASK = ["name", "module", "tag", "params", "hash", "parents", "inputs", "options"]
RUN = ["data_path", "log_path", "host", "env", "pyperunner"]


FIELDS = [
    *(("events.jsonl", name) for name in FACTS),
    *(("summary.json", name) for name in SUMMARY),
    *(("tasks", name) for name in TASK),
    *(("run", name) for name in RUN),
]


def change(folder, field, value):
    """Give a field of a run another value, in every line or task that has such fields."""
    place, name = field
    if place.endswith(("jsonl", "json")):
        edit_json(folder / place, lambda line: line.update({name: value}))
        return
    conf = yaml.safe_load((folder / "pipeline.yaml").read_text())
    for part in conf["tasks"].values() if place == "tasks" else [conf["run"]]:
        part[name] = value
    (folder / "pipeline.yaml").write_text(json.dumps(conf))


def read_changed(capsys, good, tmp_path, changes):
    folder = tmp_path / "runs" / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good, tmp_path / "runs" / "whole", dirs_exist_ok=True)  # with which a listing compares it
    shutil.copytree(good, folder)
    for field, value in changes.items():
        change(folder, field, value)
    read_all(capsys, good, folder)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, min_size=1, max_size=12))
def test_no_field_breaks_a_reader(capsys, good, tmp_path, changes):
    read_changed(capsys, good, tmp_path, changes)


def test_params_of_another_shape_break_no_comparison_of_two_runs(capsys, good, tmp_path):
    for value in (*STRANGE, {"Load().n": [1]}, {"Load().n": {"a": ESCAPE}}):
        changes = {("summary.json", "params"): value, ("summary.json", "params_digest"): [ESCAPE]}
        folder = tmp_path / "runs" / "changed"
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        for each in ("changed", "whole"):
            shutil.copytree(good, tmp_path / "runs" / each)
        for field, changed in changes.items():
            change(folder, field, changed)
        assert "changed" in say(capsys, "runs", "--log-path", tmp_path / "runs", "--number", "0")


@pytest.mark.long
@pytest.mark.parametrize("field", FIELDS, ids=":".join)
def test_no_strange_value_of_any_field_breaks_a_reader(capsys, good, tmp_path, field):
    mine = {"host": os.uname().nodename, "pid": 10**30, "started": [1]}
    for value in [*STRANGE, mine, {"commit": ESCAPE, "dirty": 1}]:
        read_changed(capsys, good, tmp_path, {field: value})


def fifo(path):
    os.mkfifo(path)


def device(path):
    path.symlink_to("/dev/zero")


def folder(path):
    path.mkdir()


def loop(path):
    path.symlink_to(path)


def endless(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("name", ["summary.json", "events.jsonl", "pipeline.yaml", "logs"])
@pytest.mark.parametrize("instead", [fifo, device, folder, loop])
def test_what_is_no_file_is_not_waited_for(capsys, good, bad, instead, name):
    shutil.rmtree(bad / name) if name == "logs" else (bad / name).unlink()
    instead(bad / name)
    read_all(capsys, good, bad)


@pytest.mark.parametrize("name", ["summary.json", "events.jsonl", "pipeline.yaml"])
def test_a_file_without_end_is_not_read_to_it(capsys, good, bad, name):
    """It has a terabyte, with nothing in it."""
    endless(bad / name)
    read_all(capsys, good, bad)


@pytest.mark.parametrize(
    "elements",
    [10**9, 10**400, -5, True, ["a"] * 3, [[ESCAPE]]],
    ids=["many", "more", "none", "yes", "alike", "no text"],
)
def test_elements_that_a_record_claims_cost_nothing(capsys, good, bad, elements):
    """Neither does a mapped task that has none, or what is mapped without saying so."""
    edit_json(bad / "events.jsonl", lambda event: event.update(elements=elements))
    read_all(capsys, good, bad)
    with (bad / "events.jsonl").open("a") as file:
        for element in range(3):
            file.write(json.dumps({"kind": "task_finished", "task": f"Load()[{element}]", "status": "SUCCESS"}) + "\n")
    read_all(capsys, good, bad)


@pytest.mark.parametrize("where", ["file", "folder"])
def test_a_link_in_it_leads_nowhere(good, bad, tmp_path, where):
    secret = tmp_path / "secrets" / "id"
    secret.parent.mkdir()
    secret.write_text("TOPSECRET")
    logs = list((bad / "logs").iterdir())
    if where == "file":
        for log in logs:
            log.unlink()
            log.symlink_to(secret)
    else:
        for log in logs:
            (secret.parent / log.name).write_text("TOPSECRET")
        shutil.rmtree(bad / "logs")
        (bad / "logs").symlink_to(secret.parent)
    assert "TOPSECRET" not in Path(write_report(bad)).read_text()


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """The folder of a run whose output executes something when it is unpickled, and what shows that it did."""
    mark = tmp_path / "executed"
    monkeypatch.chdir(tmp_path)
    runner = Runner(tmp_path / "theirs", tmp_path / "runs", executor="inline")
    runner.run(Pipeline("p", [plant(mark=str(mark)), load(n=2)]))
    return Path(runner.run_folder), mark


def test_a_record_that_names_a_store_executes_nothing_of_it(capsys, planted):
    folder, mark = planted
    assert "add --trust" in say(capsys, "results", folder, "Plant()")
    assert say(capsys, "results", folder, "Load()") == "[0, 1]\n"
    other = folder.with_name("other")
    shutil.copytree(folder, other)
    edit_json(other / "events.jsonl", lambda event: event.update(digest="x") if "digest" in event else None)
    assert "safe" in say(capsys, "diff", folder, other)
    assert not mark.exists()


@pytest.mark.parametrize("said", [["--trust"], ["--data-path", "theirs"]])
def test_a_store_that_the_user_names_is_trusted(capsys, planted, said):
    folder, mark = planted
    say(capsys, "results", folder, "Plant()", *said)
    assert mark.exists()


def test_so_is_the_one_of_the_current_folder(capsys, planted, tmp_path):
    folder, mark = planted
    (tmp_path / "theirs").rename(tmp_path / "pyperunner-data")
    text = (folder / "pipeline.yaml").read_text()
    (folder / "pipeline.yaml").write_text(text.replace(str(tmp_path / "theirs"), str(tmp_path / "pyperunner-data")))
    say(capsys, "results", folder, "Plant()")
    assert mark.exists()


def test_what_a_value_shows_is_not_obeyed(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = Runner(tmp_path / "pyperunner-data", tmp_path / "runs", executor="inline")
    runner.run(Pipeline("p", [hide(how, how=how) for how in HIDDEN]))
    for how in HIDDEN:
        assert "owned" in say(capsys, "results", runner.run_folder, f"Hide({how})"), how
        assert "owned" in say(capsys, "debug", runner.run_folder, f"Hide({how})"), how


class Shows:
    def __repr__(self):
        return ESCAPE


HIDDEN = {
    "text": lambda: ESCAPE,
    "bytes": lambda: ESCAPE.encode(),
    "nested": lambda: {ESCAPE: [ESCAPE]},
    "repr": Shows,
}


@task("Hide")
def hide(how):
    return HIDDEN[how]()


def test_results_of_a_moved_store_are_found_again(planted):
    folder, _ = planted
    results = PipelineResult.from_file(folder, trust="safe")
    assert results.trust == "safe"
    results.set_data_path("theirs")
    assert results.trust == "pickle"
