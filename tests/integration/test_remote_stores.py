"""Runs whose outputs lie on a remote store: children, readers and the command open it again, by its URL alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from pyperunner import PipelineResult

FLOW = """
import sys
from pyperunner import Pipeline, PipelineResult, Runner, Task, run

class Add(Task):
    @run
    def run(self, data, n):
        return sum(data) + n

if __name__ == "__main__":
    place, log, executor, n = sys.argv[1:]
    first = Add("first", n=int(n))
    second = Add("second", n=1)(first)
    runner = Runner(place, log, executor=executor)
    runner.run(Pipeline("sums", [first]), raise_on_failure=True)
    found = PipelineResult.from_file(f"{runner.run_folder}/pipeline.yaml")
    assert found["Add(second)"] == second.output == int(n) + 1
    print(first.status.name, second.status.name)
"""


WITH_OPTIONS = """
import json, sys
from pyperunner import Pipeline, PipelineResult, Runner, task
from pyperunner_cache import open_store

@task("Answer")
def answer(n):
    return n

if __name__ == "__main__":
    place, log, executor, options = sys.argv[1:]
    store = open_store(place, storage_options=json.loads(options))
    first = answer(executor, n=7)
    runner = Runner(store, log, executor=executor)
    runner.run(Pipeline("answers", [first]), raise_on_failure=True)
    print(runner.run_folder)
"""


@pytest.fixture
def s3(monkeypatch):
    """The URL of a bucket of a server on this machine; what is needed to reach it stands in the environment."""
    pytest.importorskip("s3fs", reason="needs s3fs")
    server = pytest.importorskip("moto.server", reason="needs moto[server]").ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    import s3fs

    bucket = f"bucket-{uuid.uuid4().hex}"
    s3fs.S3FileSystem(skip_instance_cache=True).mkdir(bucket)
    yield f"s3://{bucket}/outputs"
    server.stop()


@pytest.fixture
def local(tmp_path):
    """The URL of a folder, as fsspec's."""
    return f"fsspec:file://{tmp_path}/outputs"


@pytest.fixture
def flow(tmp_path):
    """Runs the pipeline in a process of its own and returns what it says."""
    script = tmp_path / "flow.py"
    script.write_text(FLOW)

    def go(place, executor, n):
        ran = subprocess.run(
            [sys.executable, script, place, tmp_path / "logs", executor, str(n)], capture_output=True, text=True
        )
        assert not ran.returncode, ran.stderr
        return ran.stdout.strip()

    return go


@pytest.mark.parametrize(("store", "executor"), [("local", "process"), ("local", "inline"), ("s3", "pool")])
def test_a_run_is_stored_found_again_and_read(request, flow, store, executor):
    place = request.getfixturevalue(store)
    assert flow(place, executor, 1) == "SUCCESS SUCCESS"
    assert flow(place, executor, 1) == "SKIPPED SKIPPED"
    assert flow(place, executor, 2) == "SUCCESS SUCCESS"


def test_the_command_reads_and_compares_such_runs(flow, s3, tmp_path):
    for n in (1, 2):
        flow(s3, "process", n)
    runs = sorted(os.fspath(path) for path in (tmp_path / "logs").iterdir())

    def command(*arguments):
        ran = subprocess.run(
            [sys.executable, "-m", "pyperunner", *arguments], capture_output=True, text=True, cwd=tmp_path
        )
        return ran.returncode, ran.stdout + ran.stderr

    code, text = command("results", runs[0], "Add(second)")
    assert (code, "2" in text) == (0, True), text
    code, text = command("diff", *runs)
    assert "Add(first)" in text, text
    assert "Error" not in text


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_options_are_recorded_without_secrets_which_readers_supply(s3, tmp_path, monkeypatch):
    options = {"key": "the-user", "secret": "s3cret-of-the-user", "endpoint_url": os.environ["AWS_ENDPOINT_URL"]}
    for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "flow.py").write_text(WITH_OPTIONS)
    ran = subprocess.run(
        [sys.executable, "flow.py", s3, "logs", "process", json.dumps(options)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    run = tmp_path / ran.stdout.strip()
    recorded = PipelineResult.from_file(run).conf["run"]["storage_options"]
    assert recorded == {"endpoint_url": options["endpoint_url"]}
    for folder, _, files in os.walk(run):
        for file in files:
            content = Path(folder, file).read_bytes()
            assert b"s3cret-of-the-user" not in content, file
            assert b"the-user" not in content, file
    secrets = {name: options[name] for name in ("key", "secret")}
    assert PipelineResult.from_file(run, storage_options=secrets)["Answer(process)"] == 7
    # The command has no arguments for secrets; fsspec and the libraries behind it read the environment.
    monkeypatch.setenv("FSSPEC_S3_KEY", options["key"])
    monkeypatch.setenv("FSSPEC_S3_SECRET", options["secret"])
    command = [sys.executable, "-m", "pyperunner", "results", run, "Answer(process)"]
    read = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (read.returncode, "7" in read.stdout) == (0, True), read.stderr
