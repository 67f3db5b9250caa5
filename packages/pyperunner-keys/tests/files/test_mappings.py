"""Writes through a mapping, of which the times of a file do not always tell."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from pyperunner_keys import File, Folder
from pyperunner_keys.files import mappings

DIGEST = """
import sys, pyperunner_keys
print(pyperunner_keys.File(sys.argv[1]).digest())
"""


@pytest.fixture(params=["disk", "memory"])
def place(request, tmp_path):
    """A folder on the disk, or one in memory."""
    if request.param == "disk":
        yield tmp_path
    elif not os.access("/dev/shm", os.W_OK):
        pytest.skip("needs /dev/shm, a file system in memory")
    else:
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            yield Path(folder)


@pytest.fixture(autouse=True)
def at_rest(monkeypatch, tmp_path):
    """Files need not lie for two seconds; what is remembered on the disk is this test's own."""
    monkeypatch.setattr("pyperunner_keys.files.signatures.SETTLED_NS", 0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def elsewhere(path):
    return subprocess.run([sys.executable, "-c", DIGEST, path], capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere times are believed")
@pytest.mark.parametrize("kind", [File, Folder])
def test_a_write_through_a_mapping_is_noticed(place, kind):
    path = place / "data" / "x.bin"
    path.parent.mkdir()
    path.write_bytes(bytes(20_000))
    value = kind(path if kind is File else path.parent)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0] = 1
        seen = [value.digest()]
        for number in range(1, 6):
            mapped[5000] = number  # of a page that is dirty already, or was written to the disk just now
            if number == 3:
                os.fsync(file.fileno())
                value.digest()  # a clean file may be remembered
                time.sleep(0.02)
                mapped[0] = 2
            seen.append(value.digest())
        assert len(set(seen)) == len(seen)
        assert elsewhere(path).strip() == File(path).digest()


def test_a_file_on_the_disk_that_was_written_out_is_remembered(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"x" * 10_000)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        if mappings._file_system(path.stat().st_dev) not in mappings._IN_MEMORY:
            assert mappings.times_tell(file.fileno())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere times are believed")
@pytest.mark.parametrize("age", [0, 3600])
def test_a_system_that_does_not_tell_of_dirty_pages(tmp_path, monkeypatch, age):
    monkeypatch.setattr(mappings, "_dirty_pages", lambda fd: None)
    monkeypatch.setattr(mappings, "_file_system", lambda device: "ext4")
    path = tmp_path / "x"
    path.write_bytes(b"x")
    real = time.time
    monkeypatch.setattr("time.time", lambda: real() + age)
    with path.open("rb") as file:
        assert mappings.times_tell(file.fileno()) == (age > 0)
