from __future__ import annotations

import socket
import threading

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
