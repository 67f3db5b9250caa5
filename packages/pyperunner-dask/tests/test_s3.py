"""S3 as the store: workers in other folders have the credentials, and nothing is shared but the server."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner
from pyperunner_runner.remote import WorkersUnfit

FLIGHTS = Path(__file__).parents[3] / "docs" / "examples" / "flights.py"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@task("Rows")
def rows(n):
    print("made", n)
    return list(range(n))


@task("Total")
def total(data):
    return sum(data[0])


@pytest.fixture
def s3(monkeypatch):
    """A store's URL on an S3 server on loopback, and the options with which it is opened."""
    serving = pytest.importorskip("werkzeug.serving", reason="needs moto[server]")
    apps = pytest.importorskip("moto.server", reason="needs moto[server]")
    s3fs = pytest.importorskip("s3fs", reason="needs s3fs")
    pytest.importorskip("pyperunner_cache_fsspec", reason="needs pyperunner-cache-fsspec")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = apps.DomainDispatcherApplication(apps.create_backend_app)
    server = serving.make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    options = {"endpoint_url": f"http://127.0.0.1:{port}"}
    s3fs.S3FileSystem(**options, skip_instance_cache=True).mkdir(bucket := f"bucket-{uuid.uuid4().hex}")
    yield f"s3://{bucket}/cache", options
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.long
def test_a_store_on_s3_is_all_that_is_shared(s3, cluster, tmp_path):
    from pyperunner_dag import open_store

    for name in ("first", "second"):
        cluster.add(name, threads=1)
        cluster.wait_for_worker(name)
    url, options = s3
    store = open_store(url, storage_options=options)
    runner = Runner(store, tmp_path / "log", executor="dask", executor_options={"address": cluster.address})
    firsts = [rows(str(number), n=number) for number in range(4)]
    totals = [total(str(number))(first) for number, first in enumerate(firsts)]
    runner.run(Pipeline("p", firsts), raise_on_failure=True)
    assert [each.output for each in totals] == [0, 0, 1, 3]


@pytest.mark.long
def test_a_worker_without_credentials_is_said(s3, cluster, tmp_path):
    from pyperunner_dag import open_store

    cluster.add("first", env=dict.fromkeys(CREDENTIALS, ""))
    cluster.wait_for_worker("first")
    url, options = s3
    store = open_store(url, storage_options=options)
    runner = Runner(store, tmp_path / "log", executor="dask", executor_options={"address": cluster.address})
    with pytest.raises(WorkersUnfit, match=r"Unable to locate credentials.*see to its rights and credentials"):
        runner.run(Pipeline("p", [rows(n=1)]))


@pytest.mark.long
def test_the_flights_example_runs_as_it_is(s3, cluster, tmp_path, monkeypatch):
    for package in ("pyperunner_cli", "sklearn", "matplotlib"):
        pytest.importorskip(package, reason=f"needs {package}")
    url, options = s3
    monkeypatch.setenv("AWS_ENDPOINT_URL", options["endpoint_url"])
    for name in ("first", "second"):
        cluster.add(name, threads=1)
        cluster.wait_for_worker(name)
    command = [sys.executable, "-m", "pyperunner_cli", "run", str(FLIGHTS), "--executor", "dask"]
    command += ["--address", cluster.address, "--data-path", url, "--log-path", str(tmp_path / "log")]
    for summary in ("16 executed", "0 executed"):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert summary in done.stdout
