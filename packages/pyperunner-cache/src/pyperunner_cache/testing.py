"""Conformance suites: subclass one, say how to open what you have built, and run it with pytest.

```python
class TestMyBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"mine://{tmp_path}"
```
"""

from __future__ import annotations

import multiprocessing
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from ._blobs import BytesBlob
from ._errors import BadKeyError, CacheError, DamagedEntryError, DamagedEntryWarning, MissingEntryError
from ._open import open_store
from .ports import (
    Backend,
    BlobInfo,
    Buffer,
    Codec,
    SupportsLocate,
    SupportsLock,
    SupportsSetAside,
    SupportsSweep,
    SupportsTouch,
)

if TYPE_CHECKING:
    from ._cache import Cache

__all__ = ["BackendContract", "CodecContract"]

_HASH = "0123456789abcdef0123456789abcdef"
_FILENAME = "result.dump.gz"
_NAMES = [
    "Hello()",
    "Load(2024 spring)",
    "a/b",
    "..",
    ".",
    "../../up",
    "",
    "nul\0byte",
    "new\nline",
    "x" * 300,
    "x" * 299 + "y",
    "é",
    "e\u0301",
    "\ud800",
    "UPPER",
    "upper",
    "%41",
    "A",
    " ",
    "CON",
    "~",
    "日本語" * 50,
]


def _read(backend: Backend, key: str) -> bytes:
    blob = backend.get(key)
    try:
        return bytes(blob.read(0, blob.size))
    finally:
        blob.close()


class BackendContract:
    """What every `Backend` must do. Override `url`, and `options` where the backend needs some."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of an empty place."""
        raise NotImplementedError("a subclass says where its backend lies")

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Return the options with which the backend is opened."""
        return {}

    @pytest.fixture
    def store(self, url: str, options: dict[str, Any]) -> Any:
        """Give a `Cache` over the backend."""
        with open_store(url, **options) as store:
            yield store

    @pytest.fixture
    def backend(self, store: Cache) -> Backend:
        """Give the backend itself."""
        return store.backend

    def test_it_satisfies_the_port(self, backend: Backend) -> None:
        assert isinstance(backend, Backend)

    def test_an_empty_place_has_nothing(self, backend: Backend) -> None:
        key = f"T()/{_HASH}"
        assert backend.missing([key, f"U()/{_HASH}"]) == {key, f"U()/{_HASH}"}
        assert list(backend.scan()) == []
        assert backend.delete(key) is False
        with pytest.raises(KeyError):
            backend.get(key)

    @pytest.mark.parametrize("size", [0, 1, 1000, 70_000, 3_000_000])
    def test_bytes_come_back(self, backend: Backend, size: int) -> None:
        content = bytes(range(256)) * (size // 256 + 1)
        key, half = f"T()/{_HASH}", size // 2
        chunks: list[Buffer] = [content[:half], b"", memoryview(content)[half:size]]
        assert backend.put(key, iter(chunks), _FILENAME) == size
        assert _read(backend, key) == content[:size]
        assert backend.missing([key]) == set()

    def test_pieces_of_a_blob(self, backend: Backend) -> None:
        content = bytes(range(256)) * 400
        backend.put("T()/1", [content], _FILENAME)
        blob = backend.get("T()/1")
        assert blob.size == len(content)
        assert bytes(blob.read(100, 50)) == content[100:150]
        assert bytes(blob.read(blob.size - 10, 50)) == content[-10:]
        targets = [memoryview(bytearray(7)), memoryview(bytearray(0)), memoryview(bytearray(90_000))]
        assert blob.readinto(3, targets) == 90_007
        assert b"".join(targets) == content[3:90_010]
        late = memoryview(bytearray(100))
        assert blob.readinto(blob.size - 40, [late]) == 40
        assert late[:40] == content[-40:]
        blob.close()

    def test_a_blob_outlives_its_entry(self, backend: Backend) -> None:
        backend.put("T()/1", [b"old" * 50_000], _FILENAME)
        blob = backend.get("T()/1")
        backend.put("T()/1", [b"new" * 50_000], _FILENAME)
        backend.delete("T()/1")
        assert bytes(blob.read(0, blob.size)) == b"old" * 50_000
        blob.close()

    def test_replacing(self, backend: Backend) -> None:
        for content in (b"one", b"two" * 200_000, b"three"):
            backend.put("T()/1", [content], _FILENAME)
            assert _read(backend, "T()/1") == content
        backend.put("T()/1", [b"four"], "result.dump.raw")
        assert _read(backend, "T()/1") == b"four"
        assert [info.key for info in backend.scan()] == ["T()/1"]

    def test_failing_chunks_leave_the_old_entry(self, backend: Backend) -> None:
        def chunks() -> Any:
            yield b"new" * 500_000
            raise RuntimeError("the value cannot be encoded")

        backend.put("T()/1", [b"old"], _FILENAME)
        for key in ("T()/1", "T()/2"):
            with pytest.raises(RuntimeError, match="cannot be encoded"):
                backend.put(key, chunks(), _FILENAME)
        assert _read(backend, "T()/1") == b"old"
        assert backend.missing(["T()/2"]) == {"T()/2"}
        assert [info.key for info in backend.scan()] == ["T()/1"]
        if isinstance(backend, SupportsSweep):
            assert backend.sweep() == (0, 0)

    def test_deleting(self, backend: Backend) -> None:
        for key in ("T()/1", "T()/2"):
            backend.put(key, [b"x" * 300_000], _FILENAME)
        assert backend.delete("T()/1") is True
        assert backend.delete("T()/1") is False
        assert backend.missing(["T()/1", "T()/2"]) == {"T()/1"}

    def test_any_name_is_an_entry_of_its_own(self, backend: Backend) -> None:
        keys = [f"{name}/{_HASH}" for name in _NAMES]
        for number, key in enumerate(keys):
            backend.put(key, [str(number).encode()], _FILENAME)
        assert backend.missing(keys) == set()
        assert [_read(backend, key) for key in keys] == [str(number).encode() for number in range(len(keys))]

    def test_scanning(self, backend: Backend) -> None:
        import time

        begin = time.time() - 2
        backend.put("T()/1", [b"x" * 10], _FILENAME)
        backend.put("T()/2", [b"y" * 400_000], _FILENAME)
        backend.put("U/T()/1", [b"z"], _FILENAME)
        found = {info.key: info for info in backend.scan()}
        assert {key: info.size for key, info in found.items()} == {"T()/1": 10, "T()/2": 400_000, "U/T()/1": 1}
        assert all(isinstance(info, BlobInfo) and begin < info.modified < time.time() + 2 for info in found.values())
        assert {info.key for info in backend.scan("T()")} == {"T()/1", "T()/2"}
        assert list(backend.scan("Nobody()")) == []

    @pytest.mark.parametrize("key", ["", "no slash", "name/", None, 7])
    def test_what_is_no_key_is_refused(self, backend: Backend, key: Any) -> None:
        for ask in (backend.get, backend.delete, lambda bad: backend.missing([bad])):
            with pytest.raises((BadKeyError, TypeError)):
                ask(key)
        with pytest.raises((BadKeyError, TypeError)):
            backend.put(key, [b""], _FILENAME)

    def test_many_keys_in_one_question(self, backend: Backend) -> None:
        backend.put("T()/7", [b"x"], _FILENAME)
        keys = [f"T()/{number}" for number in range(1500)]
        assert backend.missing(iter(keys)) == set(keys) - {"T()/7"}

    def test_writers_and_readers_at_once(self, backend: Backend) -> None:
        backend.put("T()/1", [bytes([0]) * 100_000], _FILENAME)
        wrong: list[object] = []

        def write(number: int) -> None:
            for _ in range(5):
                backend.put("T()/1", [bytes([number]) * 60_000, bytes([number]) * 40_000], _FILENAME)

        def read() -> None:
            for _ in range(20):
                content = _read(backend, "T()/1")
                if len(content) != 100_000 or len(set(content)) != 1:
                    wrong.append(content[:10])

        threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 5)]
        threads += [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_another_process_opens_it_from_its_spec(self, store: Cache) -> None:
        spec = store.spec()
        if spec is None:
            pytest.skip("this backend cannot be opened by another process, and says so")
        store.save("T()/1", {"a": 1}, {"seconds": 1.0})
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            assert pool.apply(_add_one, (spec,)) == {"a": 1}
        assert store.load("T()/2") == {"a": 1, "b": 2}

    def test_a_forked_child_uses_it(self, store: Cache) -> None:
        spec = store.spec()
        if spec is None or "fork" not in multiprocessing.get_all_start_methods():
            pytest.skip("needs fork and a backend that another process can open")
        store.save("T()/1", {"a": 1})
        child = multiprocessing.get_context("fork").Process(target=_add_one, args=(spec,))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        child.join(30)
        assert child.exitcode == 0
        assert store.load("T()/2") == {"a": 1, "b": 2}

    def test_damage_is_a_miss_and_set_aside(self, store: Cache) -> None:
        store.save("T()/1", {"answer": 42})
        whole = _read(store.backend, "T()/1")
        for broken in (b"", whole[:-1], whole + b"\0", whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
            store.backend.put("T()/1", [broken], _FILENAME)
            with pytest.warns(DamagedEntryWarning, match="counts as absent"), pytest.raises(MissingEntryError):
                store.load("T()/1")
            if isinstance(store.backend, SupportsSetAside):
                assert store.missing(["T()/1"]) == {"T()/1"}
        if isinstance(store.backend, SupportsSetAside):
            count, size = store.backend.aside()
            assert count == 4
            assert size == 3 * len(whole)
        if isinstance(store.backend, SupportsSweep):
            assert store.backend.sweep(aside=True)[0] == 4

    def test_locks(self, backend: Backend) -> None:
        if not isinstance(backend, SupportsLock):
            return
        with backend.lock("T()/1", 5):
            with backend.lock("T()/2", 0):
                pass
            seen: list[object] = []
            thread = threading.Thread(target=_try_lock, args=(backend, "T()/1", seen))
            thread.start()
            thread.join()
            assert seen == ["TimeoutError"]
        with backend.lock("T()/1", 0):
            pass

    def test_places(self, backend: Backend) -> None:
        if not isinstance(backend, SupportsLocate):
            return
        assert backend.located("T()/1") is None
        backend.put("T()/1", [b"x"], _FILENAME)
        assert backend.located("T()/1") == backend.locate("T()/1", _FILENAME)

    def test_use_is_remembered(self, backend: Backend) -> None:
        if not isinstance(backend, SupportsTouch):
            return
        backend.put("T()/1", [b"x"], _FILENAME)
        before = next(iter(backend.scan())).used
        blob = backend.get("T()/1")
        backend.touch("T()/1", blob)
        blob.close()
        info = next(iter(backend.scan()))
        assert info.used >= before >= info.modified - 1e-3


def _add_one(spec: dict[str, Any]) -> Any:
    with open_store(**spec) as store:
        found = store.load("T()/1")
        store.save("T()/2", {**found, "b": 2})
    return found


def _try_lock(backend: SupportsLock, key: str, seen: list[object]) -> None:
    try:
        with backend.lock(key, 0.05):
            seen.append("held twice")
    except TimeoutError:
        seen.append("TimeoutError")


class CodecContract:
    """What every `Codec` must do. Override `codec`."""

    @pytest.fixture
    def codec(self) -> Codec:
        """Return the codec."""
        raise NotImplementedError("a subclass makes its codec")

    @staticmethod
    def _encode(codec: Codec, parts: list[Buffer]) -> bytes:
        return b"".join(codec.encode(parts))

    def test_its_names(self, codec: Codec) -> None:
        assert codec.name.isidentifier()
        assert codec.filename.startswith("result.dump.")
        assert codec.alignment >= 1

    @pytest.mark.parametrize(
        "sizes",
        [
            [0],
            [1],
            [100],
            [65_535],
            [65_536],
            [1 << 20],
            [(1 << 20) + 1],
            [9, 0],
            [9, 5000, 0, 70_001],
            [3, 6 << 20, 1],
        ],
        ids=str,
    )
    @pytest.mark.parametrize("kind", ["zeros", "text", "noise"])
    def test_parts_come_back(self, codec: Codec, sizes: list[int], kind: str) -> None:
        parts = [_content(size, kind, number) for number, size in enumerate(sizes)]
        body = self._encode(codec, list(parts))
        found = codec.decode(BytesBlob(body, 0.0), sizes)
        assert [bytes(part) for part in found] == parts
        assert all(not memoryview(part).readonly for part in found[1:])

    def test_equal_parts_give_equal_bytes(self, codec: Codec) -> None:
        parts: list[Buffer] = [b"skeleton", _content(5 << 20, "text", 1)]
        assert self._encode(codec, parts) == self._encode(codec, parts)

    def test_damage_never_gives_other_sizes(self, codec: Codec) -> None:
        parts = [_content(300, "text", 0), _content(70_000, "text", 1)]
        body = self._encode(codec, list(parts))
        damaged = [b"", body[:-1], body + b"\0", body[: len(body) // 2], bytes(len(body))]
        damaged += [
            body[:at] + bytes([body[at] ^ 1 << at % 8]) + body[at + 1 :]
            for at in range(0, len(body), max(1, len(body) // 100))
        ]
        for broken in damaged:
            try:
                found = codec.decode(BytesBlob(broken, 0.0), [300, 70_000])
            except DamagedEntryError:
                continue
            assert [len(part) for part in found] == [300, 70_000]

    def test_false_claims_are_refused(self, codec: Codec) -> None:
        body = self._encode(codec, [b"skeleton", bytes(5000)])
        for sizes in ([8], [8, 4999], [8, 5001], [8, 5000, 1], [9, 4999], [8, 1 << 62]):
            try:
                found = codec.decode(BytesBlob(body, 0.0), sizes)
            except (CacheError, MemoryError):
                continue
            assert b"".join(found) != b"skeleton" + bytes(5000)


def _content(size: int, kind: str, seed: int) -> bytes:
    import random

    if kind == "zeros":
        return bytes(size)
    if kind == "noise":
        return random.Random(seed).randbytes(size)
    text = b" ".join(str(number * number).encode() for number in range(seed, seed + 20_000))
    return (text * (size // len(text) + 1))[:size]
