from __future__ import annotations

import datetime
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest

from pyperunner_cache import BadURLError, LockTimeoutError, ReadOnlyStoreError, StorageError, StoreFullError, open_store
from pyperunner_cache.testing import BackendContract
from pyperunner_cache_redis import backend as backend_module


class TestRedis(BackendContract):
    lease = 1.0

    @pytest.fixture
    def url(self, address):
        return address

    @pytest.fixture
    def options(self):
        return {"lease": self.lease, "storage_options": {"socket_timeout": 20.0}}


@pytest.fixture
def store(address):
    with open_store(address) as store:
        yield store


def _keys(store):
    return set(store.backend._server.client.keys("*" + store.backend._prefix.decode() + "*"))


def test_an_entry_in_several_strings(store, monkeypatch):
    monkeypatch.setattr(backend_module, "_CHUNK", 1000)
    content = bytes(range(256)) * 40
    assert store.backend.put("T()/1", [content[:3], content[3:9000], content[9000:]], "result.dump.gz") == len(content)
    blob = store.backend.get("T()/1")
    assert bytes(blob.read(0, blob.size)) == content
    assert len([key for key in _keys(store) if b":d:" in key]) == 11
    assert store.delete("T()/1")
    assert not [key for key in _keys(store) if b":d:" in key]


def test_nothing_is_left_of_what_was_removed(store):
    for number in range(3):
        store.save(f"T()/{number}", number)
        store.save(f"T()/{number}", str(number))
    with store.lock("T()/1"):
        pass
    store.clear()
    assert _keys(store) <= {store.backend._prefix + b":bytes"}
    assert store.backend.tally() == 0


def test_what_a_killed_writer_leaves_runs_out(store, monkeypatch):
    client = store.backend._server.client
    monkeypatch.setattr(store.backend, "_forget", lambda *args: None)
    monkeypatch.setattr(store.backend._server, "call", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        store.save("T()/1", 1)
    monkeypatch.undo()
    [left] = [key for key in _keys(store) if b":d:" in key]
    assert 80_000 < client.ttl(left) <= 86_400
    store.save("T()/1", 1)
    [kept] = [key for key in _keys(store) if b":d:" in key and key != left]
    assert client.ttl(kept) == -1


def test_an_entry_whose_bytes_the_server_has_evicted_is_a_miss(store):
    store.save("T()/1", 1)
    [bytes_of_it] = [key for key in _keys(store) if b":d:" in key]
    store.backend._server.client.delete(bytes_of_it)
    with pytest.raises(KeyError):
        store.load("T()/1")
    assert store.missing(["T()/1"]) == {"T()/1"}


def test_stores_with_other_prefixes_are_others(address):
    one, other = open_store(address), open_store(f"{address}-other")
    one.save("T()/1", 1)
    assert other.missing(["T()/1"]) == {"T()/1"}
    assert other.clear() == 0
    assert one.load("T()/1") == 1


HOLDER = """
import json, sys, time
from pyperunner_cache import open_store
with open_store(**json.loads(sys.argv[1])).lock("T()/1"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_living_holder_keeps_its_lock_beyond_a_lease(address):
    import json

    with open_store(address, lease=0.3) as store:
        arguments = [sys.executable, "-c", HOLDER, json.dumps(store.spec())]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as holder:
            assert holder.stdout.readline()
            with pytest.raises(LockTimeoutError, match=r"T\(\)/1"), store.lock("T()/1", 1.0):
                pass
            holder.kill()
        with store.lock("T()/1", 5):
            pass


def test_who_slept_for_too_long_takes_nothing_away(address, monkeypatch):
    with open_store(address, lease=0.1) as store:
        one, other = store.lock("T()/1"), store.lock("T()/1", 5)
        monkeypatch.setattr(type(one), "_renew", lambda self: None)
        with one, other:
            one.__exit__(None, None, None)
            assert store.backend._server.client.get(other._name).decode() == other._mine


def test_a_full_server_says_so(new_server):
    server = new_server(maxmemory="4mb")
    with open_store(f"redis://127.0.0.1:{server.port}") as store:
        with pytest.raises(StoreFullError, match="maxmemory"):
            for number in range(200):
                store.save(f"T()/{number}", bytes(range(256)) * 400, codec="raw")
        assert store.load("T()/0") == bytes(range(256)) * 400
        assert store.gc(max_size=0)["evicted"] > 0


def test_credentials_come_from_options_or_the_environment_and_stand_nowhere(new_server, monkeypatch):
    import redis

    server = new_server()
    with redis.Redis(port=server.port) as client:
        client.config_set("requirepass", "s3cret-word")
    url = f"redis://127.0.0.1:{server.port}/0"
    with open_store(url) as store, pytest.raises(ReadOnlyStoreError, match="uthentication"):
        store.missing(["T()/1"])
    with open_store(url, storage_options={"password": "wrong-word"}) as store, pytest.raises(StorageError) as caught:
        store.save("T()/1", 1)
    assert "wrong-word" not in str(caught.value)
    with open_store(url, storage_options={"password": "s3cret-word"}) as store:
        store.save("T()/1", 1)
        assert "s3cret-word" not in f"{store!r} {store.spec()['url']}"
    monkeypatch.setenv("REDIS_PASSWORD", "s3cret-word")
    with open_store(url) as store:
        assert store.load("T()/1") == 1
        assert "s3cret-word" not in str(store.spec())


def test_a_server_that_is_gone(new_server):
    server = new_server()
    with open_store(f"redis://127.0.0.1:{server.port}") as store:
        store.save("T()/1", 1)
        server.terminate()
        for ask in (store.load, store.delete, store.backend.missing.__call__):
            with pytest.raises(StorageError, match=r"onnect|closed"):
                ask(["T()/1"] if ask not in (store.load, store.delete) else "T()/1")


@pytest.mark.parametrize(
    "url",
    [
        "redis://me:s3cret@host/0",
        "redis://:s3cret@host",
        "redis://host/0?password=s3cret",
        "redis://host/name",
        "redis:///0",
        "redis:host",
        "redis://host?prefix=",
        "redis://host?prefix={x}",
    ],
)
def test_bad_addresses(url):
    with pytest.raises(BadURLError) as caught:
        open_store(url)
    assert "s3cret" not in str(caught.value)


@pytest.fixture
def tls(server, tmp_path):
    """An end of TLS before the server: its port, and the file with its certificate."""
    x509 = pytest.importorskip("cryptography.x509", reason="needs cryptography")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate = tmp_path / "ca.pem"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = tmp_path / "key.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    listening = socket.create_server(("127.0.0.1", 0))

    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        finally:
            for each in (source, target):
                try:
                    each.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def serve():
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                client = context.wrap_socket(plain, server_side=True)
            except OSError:  # a client that does not trust the certificate
                plain.close()
                continue
            behind = socket.create_connection(("127.0.0.1", server.port))
            ends = [
                threading.Thread(target=pump, args=pair, daemon=True) for pair in ((client, behind), (behind, client))
            ]
            for end in ends:
                end.start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listening.getsockname()[1], certificate
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join(5)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_tls(tls):
    port, certificate = tls
    url = f"rediss://localhost:{port}/0?prefix=tls"
    with open_store(url, storage_options={"ssl_ca_certs": str(certificate)}) as store:
        store.save("T()/1", 1)
        assert store.load("T()/1") == 1
        assert store.spec()["storage_options"] == {"ssl_ca_certs": str(certificate)}
    with open_store(url) as stranger, pytest.raises(StorageError, match="certificate"):
        stranger.load("T()/1")


def test_use_is_noted_once_a_minute(store, monkeypatch):
    store.save("T()/1", 1)
    store.load("T()/1")
    [before] = store.backend.scan()
    assert before.used == before.modified
    monkeypatch.setattr(backend_module, "_TOUCH_AFTER", 0.0)
    time.sleep(0.01)
    store.load("T()/1")
    [after] = store.backend.scan()
    assert after.used > before.used
