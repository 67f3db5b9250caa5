from __future__ import annotations

import socket
import threading
import uuid
from types import SimpleNamespace

import pytest

pytest.register_assert_rewrite("pyperunner_cache.testing")


@pytest.fixture(scope="session")
def s3():
    """An S3 server on loopback."""
    serving = pytest.importorskip("werkzeug.serving", reason="needs moto[server]")
    apps = pytest.importorskip("moto.server", reason="needs moto[server]")
    pytest.importorskip("s3fs", reason="needs s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = apps.DomainDispatcherApplication(apps.create_backend_app)
    server = serving.make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bucket(s3, monkeypatch):
    """A store's place in a bucket of its own: its URL, and the options with which it is opened."""
    import s3fs

    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    name, options = f"bucket-{uuid.uuid4().hex}", {"endpoint_url": s3}
    s3fs.S3FileSystem(**options).mkdir(name)
    return SimpleNamespace(url=f"s3://{name}/some/cache", options=options)
