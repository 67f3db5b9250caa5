"""Backend contract: what every backend must do, as a class of tests."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyperunner_cache.errors import BadKeyError
from pyperunner_cache.ports import Backend, BlobInfo, Buffer, SupportsSweep
from pyperunner_cache.testing.process_contract import ProcessContract
from pyperunner_cache.testing.store_contract import FILENAME, read_entry
from pyperunner_cache.testing.trust_contract import TrustContract

__all__ = ["BackendContract"]

_HASH = "0123456789abcdef0123456789abcdef"
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


class BackendContract(ProcessContract, TrustContract):
    """What every `Backend` must do. Override `url`, `options` where it needs some, `lease` where locks are leases."""

    def test_it_satisfies_the_port(self, backend: Backend) -> None:
        """The object has every method of the port."""
        assert isinstance(backend, Backend)

    def test_an_empty_place_has_nothing(self, backend: Backend) -> None:
        """A place not written to yet answers as an empty one."""
        key = f"T()/{_HASH}"
        assert backend.missing([key, f"U()/{_HASH}"]) == {key, f"U()/{_HASH}"}
        assert list(backend.scan()) == []
        assert backend.delete(key) is False
        with pytest.raises(KeyError):
            backend.get(key)

    @pytest.mark.parametrize("size", [0, 1, 1000, 70_000, 3_000_000])
    def test_bytes_come_back(self, backend: Backend, size: int) -> None:
        """What was put in chunks is read back whole."""
        content = bytes(range(256)) * (size // 256 + 1)
        key, half = f"T()/{_HASH}", size // 2
        chunks: list[Buffer] = [content[:half], b"", memoryview(content)[half:size]]
        assert backend.put(key, iter(chunks), FILENAME) == size
        assert read_entry(backend, key) == content[:size]
        assert backend.missing([key]) == set()

    def test_pieces_of_a_blob(self, backend: Backend) -> None:
        """Any range of a blob can be read, also into buffers of the caller's and beyond the end."""
        content = bytes(range(256)) * 400
        backend.put("T()/1", [content], FILENAME)
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
        """An open blob still reads what it was opened on after a replacement and a removal."""
        backend.put("T()/1", [b"old" * 50_000], FILENAME)
        blob = backend.get("T()/1")
        backend.put("T()/1", [b"new" * 50_000], FILENAME)
        backend.delete("T()/1")
        assert bytes(blob.read(0, blob.size)) == b"old" * 50_000
        blob.close()

    def test_replacing(self, backend: Backend) -> None:
        """A second put replaces the first, whatever the size or file name."""
        for content in (b"one", b"two" * 200_000, b"three"):
            backend.put("T()/1", [content], FILENAME)
            assert read_entry(backend, "T()/1") == content
        backend.put("T()/1", [b"four"], "result.dump.raw")
        assert read_entry(backend, "T()/1") == b"four"
        assert [info.key for info in backend.scan()] == ["T()/1"]

    def test_failing_chunks_leave_the_old_entry(self, backend: Backend) -> None:
        """A put whose chunks fail changes nothing and leaves nothing behind."""

        def chunks() -> Any:
            yield b"new" * 500_000
            raise RuntimeError("the value cannot be encoded")

        backend.put("T()/1", [b"old"], FILENAME)
        for key in ("T()/1", "T()/2"):
            with pytest.raises(RuntimeError, match="cannot be encoded"):
                backend.put(key, chunks(), FILENAME)
        assert read_entry(backend, "T()/1") == b"old"
        assert backend.missing(["T()/2"]) == {"T()/2"}
        assert [info.key for info in backend.scan()] == ["T()/1"]
        if isinstance(backend, SupportsSweep):
            assert backend.sweep() == (0, 0)

    def test_deleting(self, backend: Backend) -> None:
        """A removal takes one entry and says whether there was one."""
        for key in ("T()/1", "T()/2"):
            backend.put(key, [b"x" * 300_000], FILENAME)
        assert backend.delete("T()/1") is True
        assert backend.delete("T()/1") is False
        assert backend.missing(["T()/1", "T()/2"]) == {"T()/1"}

    def test_any_name_is_an_entry_of_its_own(self, backend: Backend) -> None:
        """No two names meet in one entry, however odd they are."""
        keys = [f"{name}/{_HASH}" for name in _NAMES]
        for number, key in enumerate(keys):
            backend.put(key, [str(number).encode()], FILENAME)
        assert backend.missing(keys) == set()
        assert [read_entry(backend, key) for key in keys] == [str(number).encode() for number in range(len(keys))]

    def test_scanning(self, backend: Backend) -> None:
        """A scan lists keys, sizes and times, of all entries or of one name."""
        import time

        begin = time.time() - 2
        backend.put("T()/1", [b"x" * 10], FILENAME)
        backend.put("T()/2", [b"y" * 400_000], FILENAME)
        backend.put("U/T()/1", [b"z"], FILENAME)
        found = {info.key: info for info in backend.scan()}
        assert {key: info.size for key, info in found.items()} == {"T()/1": 10, "T()/2": 400_000, "U/T()/1": 1}
        assert all(isinstance(info, BlobInfo) and begin < info.modified < time.time() + 2 for info in found.values())
        assert {info.key for info in backend.scan("T()")} == {"T()/1", "T()/2"}
        assert list(backend.scan("Nobody()")) == []

    def test_a_scan_takes_a_name_as_it_is(self, backend: Backend) -> None:
        """A name is the whole of it: no beginning of others, no pattern, and the empty one is a name, too."""
        names = ["", "T", "T()", "T()x", "T()/x", "T*", "*", "?", "[T]", "%", "_", "\\", "a", "a/b", "a/b/c", "A"]
        for name in names:
            backend.put(f"{name}/1", [b"x"], FILENAME)
        assert {name: [info.key for info in backend.scan(name)] for name in names} == {
            name: [f"{name}/1"] for name in names
        }
        for nobody in ("T(", "()", "T?", "[Ta]", "a/", "a/b/", "/", "%%", "T%"):
            assert list(backend.scan(nobody)) == []

    def test_what_is_listed_can_be_removed_meanwhile(self, backend: Backend) -> None:
        """A listing goes on while what it has yielded is removed."""
        for number in range(30):
            backend.put(f"T{number % 3}()/{number}", [b"x" * number], FILENAME)
        seen = []
        for info in backend.scan():
            seen.append(info.key)
            assert backend.delete(info.key)
        assert len(set(seen)) == len(seen) == 30
        assert list(backend.scan()) == []

    @pytest.mark.parametrize("key", ["", "no slash", "name/", None, 7])
    def test_what_is_no_key_is_refused(self, backend: Backend, key: Any) -> None:
        """What is not a key is refused by every method that takes one."""
        for ask in (backend.get, backend.delete, lambda bad: backend.missing([bad])):
            with pytest.raises((BadKeyError, TypeError)):
                ask(key)
        with pytest.raises((BadKeyError, TypeError)):
            backend.put(key, [b""], FILENAME)

    def test_many_keys_in_one_question(self, backend: Backend) -> None:
        """More keys than a medium takes in one request are asked for all the same."""
        backend.put("T()/7", [b"x"], FILENAME)
        keys = [f"T()/{number}" for number in range(1500)]
        assert backend.missing(iter(keys)) == set(keys) - {"T()/7"}

    def test_writers_and_readers_at_once(self, backend: Backend) -> None:
        """A reader beside writers sees one whole entry, never a mixture."""
        backend.put("T()/1", [bytes([0]) * 100_000], FILENAME)
        wrong: list[object] = []

        def write(number: int) -> None:
            for _ in range(5):
                backend.put("T()/1", [bytes([number]) * 60_000, bytes([number]) * 40_000], FILENAME)

        def read() -> None:
            for _ in range(20):
                content = read_entry(backend, "T()/1")
                if len(content) != 100_000 or len(set(content)) != 1:
                    wrong.append(content[:10])

        threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 5)]
        threads += [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
