from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

import distributed
import pytest

pytest.register_assert_rewrite("pyperunner_runner.testing")

_DEADLINE = 60.0
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Cluster:
    """A scheduler and workers as a shell starts them, each in a session of its own.

    Args:
        folder: Their logs and files are there.
        options: Of all of them.
        host: Where the scheduler listens.
    """

    def __init__(self, folder, *options, host="127.0.0.1"):
        self.folder, self.options = folder, options
        self.processes = {}
        self.start("scheduler", "scheduler", "--host", host, "--port", "0", "--no-dashboard", *options)
        self.address = self.wait_for("scheduler", r"Scheduler at: +(\w+://\S+)")

    def start(self, name, *command, cwd=None, env=None, python=(sys.executable,)):
        log = self.folder / f"{name}.log"
        with open(log, "ab") as out:
            self.processes[name] = subprocess.Popen(
                [*python, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd or self.folder,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def wait_for(self, name, pattern):
        deadline = time.monotonic() + _DEADLINE
        while True:
            text = (self.folder / f"{name}.log").read_text(encoding="utf-8")
            if found := re.search(pattern, text):
                return found[found.lastindex or 0]
            assert time.monotonic() < deadline, text
            assert self.processes[name].poll() is None, text
            time.sleep(0.02)

    def add(self, name, *options, threads=2, env=None, nanny=False, python=(sys.executable,)):
        """Start a worker, in a folder of its own."""
        folder = self.folder / name
        folder.mkdir()
        command = [self.address, "--nthreads", str(threads), "--nanny" if nanny else "--no-nanny", "--no-dashboard"]
        command += ["--name", name, "--host", "127.0.0.1", "--local-directory", str(folder), *self.options, *options]
        self.start(name, "worker", *command, cwd=folder, env=env, python=python)

    def wait_for_worker(self, name):
        return self.wait_for(name, r"Registered to: +(\S+)")

    def kill(self, name, signum=signal.SIGKILL):
        self.processes[name].send_signal(signum)

    def close(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory):
    """A scheduler and two workers; nobody ends them."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.add("first")
    cluster.add("second", "--resources", "gpu=2")
    for name in ("first", "second"):
        cluster.wait_for_worker(name)
    yield cluster
    cluster.close()


@pytest.fixture
def new_cluster(tmp_path):
    """Makes a scheduler, to which a test adds workers."""
    made = []

    def new():
        folder = tmp_path / f"cluster{len(made) or ''}"
        folder.mkdir()
        made.append(Cluster(folder))
        return made[-1]

    yield new
    for cluster in made:
        cluster.close()


@pytest.fixture
def cluster(new_cluster):
    """A scheduler, and whichever workers a test adds."""
    return new_cluster()


@pytest.fixture
def credentials():
    """The variables that name them."""
    return _CREDENTIALS


@pytest.fixture
def s3(monkeypatch):
    """A store's URL on an S3 server on loopback, and the options with which it is opened."""
    serving = pytest.importorskip("werkzeug.serving", reason="needs moto[server]")
    apps = pytest.importorskip("moto.server", reason="needs moto[server]")
    s3fs = pytest.importorskip("s3fs", reason="needs s3fs")
    pytest.importorskip("pyperunner_cache_fsspec", reason="needs pyperunner-cache-fsspec")
    for name, value in _CREDENTIALS.items():
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


@pytest.fixture
def certificates(tmp_path):
    """Files of a certificate and its key that all of a cluster have, as options of Dask's configuration."""
    pytest.importorskip("cryptography", reason="Dask makes certificates with cryptography")
    security = distributed.security.Security.temporary()
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    key.write_text(security.tls_client_key, encoding="utf-8")
    certificate.write_text(security.tls_client_cert, encoding="utf-8")
    return {"tls-ca-file": str(certificate), "tls-cert": str(certificate), "tls-key": str(key)}


@pytest.fixture
def tls_cluster(tmp_path, certificates):
    """A cluster that speaks with nobody who has not its certificate."""
    (tmp_path / "tls").mkdir()
    options = [part for name, value in certificates.items() for part in (f"--{name}", value)]
    cluster = Cluster(tmp_path / "tls", *options, "--protocol", "tls")
    yield cluster
    cluster.close()
