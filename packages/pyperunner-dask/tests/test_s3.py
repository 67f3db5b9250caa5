"""S3 as the store: workers in other folders have the credentials, and nothing is shared but the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner
from pyperunner_runner.remote import WorkersUnfit

FLIGHTS = Path(__file__).parents[3] / "docs" / "examples" / "flights.py"


@task("Rows")
def rows(n):
    print("made", n)
    return list(range(n))


@task("Total")
def total(data):
    return sum(data[0])


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
def test_a_worker_without_credentials_is_said(s3, credentials, cluster, tmp_path):
    from pyperunner_dag import open_store

    cluster.add("first", env=dict.fromkeys(credentials, ""))
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
