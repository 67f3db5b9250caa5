"""Runs are told to OpenLineage: real runs, a real file, a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from openlineage.client import event_v2

from pyperunner_dag import File, Pipeline, task
from pyperunner_openlineage import OpenLineageHook
from pyperunner_runner import Runner
from pyperunner_runner.events import RunStarted


@task("Load")
def load(table):
    with open(table) as file:
        return file.read()


@task("Count")
def count(data):
    return len(data[0])


@task("Broken")
def broken(data):
    raise ValueError("no count today")


@task("After")
def after(data):
    return data


@task("Sleep")
def sleep():
    time.sleep(600)


def run(pipeline):
    """Run a pipeline, of which the installed hook hears; return what it was warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Runner("data", "runs", executor="inline").run(pipeline)
    return [str(each.message) for each in caught if issubclass(each.category, RuntimeWarning)]


def to_a_file(monkeypatch):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(Path("lineage").absolute()))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")


def told():
    return [json.loads(line) for line in Path("lineage").read_text().splitlines()]


def words(events):
    return sorted(f"{event['eventType']} {event['job']['name']}" for event in events)


def checked(event):
    """Build an event of the client's own classes again, which check it."""
    kept = {name: event[name] for name in ("eventType", "eventTime", "producer")}
    return event_v2.RunEvent(
        **{**kept, "eventType": event_v2.RunState(event["eventType"])},
        run=event_v2.Run(event["run"]["runId"]),
        job=event_v2.Job(event["job"]["namespace"], event["job"]["name"]),
    )


def broken_pipeline():
    Path("people.csv").write_text("Ada\n")
    loaded = load(table=File("people.csv"))
    after()(broken()(loaded))
    count()(loaded)
    return Pipeline("people", [loaded])


@pytest.fixture
def server():
    """A server that collects events; ``pause`` seconds before each answer, which is ``code``."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.stop.wait(server.pause)
            server.events.append(json.loads(body))
            self.send_response(server.code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.events, server.pause, server.code, server.stop = [], 0.0, 201, threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.stop.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_is_off_unless_configured():
    assert not OpenLineageHook()
    assert run(broken_pipeline()) == []


@pytest.mark.parametrize(
    "name", ["OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE__TRANSPORT__TYPE", "OPENLINEAGE__TRANSPORT"]
)
def test_a_variable_of_the_client_switches_it_on(name, monkeypatch):
    monkeypatch.setenv(name, "x")
    assert OpenLineageHook()
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "True")
    assert not OpenLineageHook()


@pytest.mark.parametrize("folder", [".", ".openlineage"])
def test_a_file_of_the_client_switches_it_on(folder):
    Path(folder).mkdir(exist_ok=True)
    Path(folder, "openlineage.yml").write_text("transport: {type: console}\n")
    assert OpenLineageHook()


def test_a_run_is_told(monkeypatch):
    to_a_file(monkeypatch)
    assert run(broken_pipeline()) == []
    events = told()
    ends = {"": "FAIL", ".Load()": "COMPLETE", ".Broken()": "FAIL", ".Count()": "COMPLETE"}
    expected = [f"{state} people{task}" for task, end in ends.items() for state in ("START", end)]
    assert words(events) == sorted(expected)
    assert all(checked(event) for event in events)
    assert {event["job"]["namespace"] for event in events} == {"pyperunner"}
    by_words = {f"{event['eventType']} {event['job']['name']}": event for event in events}

    whole = by_words["START people"]["run"]["runId"]
    assert by_words["FAIL people"]["run"]["runId"] == whole
    for name in ("Load()", "Count()"):
        begun, done = by_words[f"START people.{name}"], by_words[f"COMPLETE people.{name}"]
        assert begun["run"]["runId"] == done["run"]["runId"] != whole
        assert done["run"]["facets"]["parent"]["run"]["runId"] == whole
        assert done["run"]["facets"]["parent"]["job"]["name"] == "people"

    loaded, counted = by_words["COMPLETE people.Load()"], by_words["COMPLETE people.Count()"]
    [made] = loaded["outputs"]
    assert made["namespace"] == "file"
    assert made["name"].startswith(os.path.realpath("data/Load()") + "/")
    assert made["outputFacets"]["outputStatistics"]["size"] > 0
    assert len(made["facets"]["version"]["datasetVersion"]) == 32
    assert [each["name"] for each in loaded["inputs"]] == [os.path.realpath("people.csv")]
    assert [each["name"] for each in counted["inputs"]] == [made["name"]]
    assert "return len(data[0])" in counted["job"]["facets"]["sourceCode"]["sourceCode"]

    failed = by_words["FAIL people.Broken()"]
    assert failed["outputs"] == []
    assert failed["run"]["facets"]["errorMessage"]["message"] == "ValueError: no count today"
    assert "Traceback" in failed["run"]["facets"]["errorMessage"]["stackTrace"]
    assert "no count today" in by_words["FAIL people"]["run"]["facets"]["errorMessage"]["message"]


def test_what_is_there_already_is_not_told_again(monkeypatch):
    Path("people.csv").write_text("Ada\n")
    run(Pipeline("people", [load(table=File("people.csv"))]))
    to_a_file(monkeypatch)
    run(Pipeline("people", [load(table=File("people.csv"))]))
    assert words(told()) == ["COMPLETE people", "START people"]


def test_the_run_names_the_run_that_it_is_a_part_of(monkeypatch):
    to_a_file(monkeypatch)
    above = str(uuid.uuid4())
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "lab")
    monkeypatch.setenv("OPENLINEAGE_PARENT_ID", f"airflow://host/dag.task/{above}")
    run(Pipeline("one", [sleepless()]))
    event = told()[0]
    assert event["job"] == {**event["job"], "namespace": "lab", "name": "one"}
    parent = event["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == above
    assert parent["job"] == {**parent["job"], "namespace": "airflow://host", "name": "dag.task"}


@task("Sleepless")
def sleepless():
    return 1


def test_a_server_is_told(server, monkeypatch):
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
    assert run(Pipeline("one", [sleepless()])) == []
    assert words(server.events) == ["COMPLETE one", "COMPLETE one.Sleepless()", "START one", "START one.Sleepless()"]


def test_a_server_that_refuses_costs_one_warning(server, monkeypatch):
    server.code = 403
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
    pipeline = Pipeline("one", [sleepless()])
    [warning] = run(pipeline)
    assert "OpenLineage was not told all of this run" in warning
    assert "403" in warning
    assert "3 events more" in warning
    assert len(list(Path("data").glob("Sleepless()/*/*"))) == 1


def test_a_server_that_hangs_holds_no_run_up(server, monkeypatch):
    server.pause = 600.0
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("PYPERUNNER_OPENLINEAGE_WAIT", "0.5")
    [warning] = run(Pipeline("one", [sleepless()]))
    assert "0.5 s after the end of the run" in warning


def test_a_wrong_configuration_costs_one_warning(monkeypatch):
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "carrier_pigeon")
    [warning] = run(Pipeline("one", [sleepless()]))
    assert "carrier_pigeon" in warning


def test_a_python_that_cannot_be_started_costs_one_warning(monkeypatch):
    to_a_file(monkeypatch)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    [warning] = run(Pipeline("one", [sleepless()]))
    assert "no process could be started" in warning


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_runner_that_is_killed_leaves_no_open_run(monkeypatch):
    to_a_file(monkeypatch)
    source = (
        "import runpy, sys; m = runpy.run_path(sys.argv[1], run_name='m'); "
        "m['Runner']('data', 'runs').run(m['Pipeline']('one', [m['sleep']()]))"
    )
    runner = subprocess.Popen([sys.executable, "-c", source, __file__])
    deadline = time.monotonic() + 60
    while not (Path("lineage").exists() and "START one.Sleep()" in words(told())):
        assert time.monotonic() < deadline
        assert runner.poll() is None
        time.sleep(0.02)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    while "ABORT one" not in words(told()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert words(told()) == ["ABORT one", "ABORT one.Sleep()", "START one", "START one.Sleep()"]


def test_it_hears_of_a_run_that_it_is_given_by_hand_only_from_its_start(tmp_path):
    hook = OpenLineageHook()
    hook(RunStarted("one", str(tmp_path), (), ()))  # not configured: nothing is started
    assert hook._follower is None
