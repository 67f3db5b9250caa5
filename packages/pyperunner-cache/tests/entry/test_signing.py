from __future__ import annotations

import hmac
import os
import pickle
import tracemalloc

import msgpack
import pytest

from pyperunner_cache import (
    BadURLError,
    DamagedEntryWarning,
    UnsafeStoreWarning,
    UnstorableError,
    open_store,
)
from pyperunner_cache.codecs.gzip import GzipCodec
from pyperunner_cache.entry.draft import Draft
from pyperunner_cache.entry.signing import SigningKey
from pyperunner_cache.values.type_codes import Code

KEY = "T()/0123456789abcdef0123456789abcdef"


def a_miss(store, match):
    with pytest.warns(DamagedEntryWarning, match=match), pytest.raises(KeyError):
        store.load(KEY)


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db"])
def test_a_planted_pickle_is_not_executed_in_safe_mode(tmp_path, url, evil, executed):
    url = url.format(tmp_path)
    with open_store(url) as store:
        store.save(KEY, evil)
    with open_store(url, trust="safe") as safe:
        assert "pickle" in safe.unusable([KEY])[KEY]
        a_miss(safe, "pickle")
        assert not executed()
        assert safe.verify()["checked"] == 1
        with pytest.raises(UnstorableError, match=r"result\['x'\].*safe"):
            safe.save(KEY, {"x": evil})
        safe.save(KEY, {"x": [1, (2,)]})
        assert safe.load(KEY) == {"x": [1, (2,)]}


def test_a_planted_plain_pickle_file_is_damage(store, evil, executed):
    store.save(KEY, 1)
    with open(store.locate(KEY), "wb") as file:
        pickle.dump(evil, file)
    a_miss(store, "does not begin like an entry")
    assert not executed()


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db"])
@pytest.mark.parametrize("codec", ["gzip", "raw"])
def test_a_signed_store_takes_its_own_entries_only(tmp_path, monkeypatch, url, codec, evil, executed):
    url = url.format(tmp_path)
    value = {"data": bytearray(100_000), "n": 1}
    with open_store(url, signing_key="env:STORE_KEY", codec=codec) as signed, open_store(url, codec=codec) as plain:
        signed.save(KEY, value)
        assert signed.load(KEY) == value
        assert plain.load(KEY) == value
        assert signed.spec()["signing_key"] == "env:STORE_KEY"
        assert "secret" not in repr(signed.spec())
        with open_store(url, signing_key="env:OTHER_KEY", codec=codec) as other:
            other.save("T()/other", evil)
        plain.save(KEY, evil)
        monkeypatch.setattr(GzipCodec, "decode", None)
        a_miss(signed, "not signed")
        with pytest.warns(DamagedEntryWarning, match="not signed"), pytest.raises(KeyError):
            signed.meta(KEY)
        with pytest.warns(DamagedEntryWarning, match="not signed"), pytest.raises(KeyError):
            signed.load("T()/other")
    assert not executed()


def test_a_signed_body_that_was_exchanged_is_not_decoded(tmp_path, monkeypatch):
    store = open_store(tmp_path / "s", signing_key="env:STORE_KEY")
    store.save(KEY, {"data": bytearray(os.urandom(50_000))})
    path = store.locate(KEY)
    with open(path, "r+b") as file:
        file.seek(20_000)
        file.write(b"forged")
    monkeypatch.setattr(GzipCodec, "decode", None)
    a_miss(store, "body does not match")


def test_a_key_file_outside_the_store(tmp_path):
    (tmp_path / "key").write_bytes(b"k" * 32 + b"\n")
    store = open_store(tmp_path / "s", signing_key=f"file:{tmp_path}/key")
    store.save(KEY, 1)
    assert store.load(KEY) == 1


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("env:NOT_SET_ANYWHERE", "not set"),
        ("file:/nonexistent/key", "cannot be read"),
        ("hunter2", "never as itself"),
        ("file:{root}/inside", "inside the store"),
    ],
)
def test_a_bad_reference_to_a_key(tmp_path, reference, reason):
    root = tmp_path / "s"
    root.mkdir(mode=0o700)
    (root / "inside").write_bytes(b"key")
    with pytest.raises(BadURLError, match=reason) as caught:
        open_store(root, signing_key=reference.format(root=root))
    assert "hunter2" not in str(caught.value)


def test_others_who_may_write_are_warned_of(tmp_path):
    root = tmp_path / "s"
    root.mkdir()
    root.chmod(0o770)
    with pytest.warns(UnsafeStoreWarning, match="others may write"):
        open_store(root)
    open_store(root, trust="safe")
    open_store(root, signing_key="env:STORE_KEY")
    open_store(root, shared=True)
    root.chmod(0o700)
    open_store(root)


@pytest.mark.root
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs the right to change owners")
def test_a_foreign_owner_is_warned_of(tmp_path):
    root = tmp_path / "s"
    root.mkdir(mode=0o700)
    os.chown(root, 12345, 12345)
    with pytest.warns(UnsafeStoreWarning, match="belongs to user 12345"):
        open_store(root)


def test_a_gzip_bomb_allocates_nothing(tmp_path):
    store = open_store(tmp_path / "s", max_load="1MB")
    big = open_store(tmp_path / "s")
    big.save(KEY, bytes(200_000_000))
    assert os.path.getsize(store.locate(KEY)) < 2_000_000
    tracemalloc.start()
    a_miss(store, r"takes 200,000,.* bytes, more than max_load=1,000,000")
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
    assert len(big.load(KEY)) == 200_000_000


def test_false_claims_in_a_head_allocate_nothing(tmp_path):
    store = open_store(tmp_path / "s", max_load=1 << 62)

    class Liar(GzipCodec):
        def encode(self, parts):
            return super().encode([b"\x01"])

    for sizes in ([1 << 40], [1, 1 << 45]):
        draft = Draft(KEY, [b"\x01"], Liar(), {}, None)
        from pyperunner_cache.entry import envelope

        draft._head = envelope.build_head({"key": KEY, "codec": "gzip", "parts": sizes, "saved": 0.0})
        draft._payload_size = sum(sizes)
        store.backend.put(KEY, draft.chunks(), "result.dump.gz")
        tracemalloc.start()
        a_miss(store, "more than gzip can pack")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.stop()


@pytest.mark.parametrize(
    "skeleton",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc1",
        b"",
        msgpack.packb(msgpack.ExtType(99, b"")),
        msgpack.packb(msgpack.ExtType(Code.NDARRAY, b"\xdd\xff\xff\xff\xff")),
    ],
)
def test_a_valid_entry_of_nonsense_is_a_miss(store, skeleton):
    pytest.importorskip("numpy")  # importing it would count
    draft = Draft(KEY, [skeleton], GzipCodec(), {}, None)
    store.backend.put(KEY, draft.chunks(), "result.dump.gz")
    tracemalloc.start()
    a_miss(store, "counts as absent")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_no_secret_reaches_the_store(tmp_path):
    store = open_store(tmp_path / "s", signing_key="env:STORE_KEY")
    store.save(KEY, 1)
    for folder, _, files in os.walk(tmp_path):
        for file in files:
            with open(os.path.join(folder, file), "rb") as content:
                assert b"secret" not in content.read()


@pytest.mark.parametrize("size", [1, 16, 63, 64, 65, 300])
def test_a_key_of_any_length_signs_as_the_standard_says(size):
    secret = bytes(range(256))[:size] + bytes(max(0, size - 256))
    key = SigningKey(secret)
    for message in (b"", b"x" * 1000):
        assert key.sign(message) == hmac.digest(secret, message, "sha256")
        assert key.has_signed(message, key.sign(message))
        assert not key.has_signed(message + b"x", key.sign(message))
        assert not key.has_signed(message, b"")
