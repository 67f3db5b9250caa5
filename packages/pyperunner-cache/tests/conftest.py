from __future__ import annotations

import dataclasses
import math
import os
import struct
import subprocess

import pytest

pytest.register_assert_rewrite("pyperunner_cache.testing")

from pyperunner_cache import open_store  # noqa: E402

URLS = {"file": "{}/store", "sqlite": "sqlite:///{}/store.db", "memory": "memory://"}


@pytest.fixture(params=URLS)
def any_store(request, tmp_path):
    """A store on each built-in backend."""
    with open_store(URLS[request.param].format(tmp_path)) as store:
        yield store


@pytest.fixture
def store(tmp_path):
    """A store in files."""
    with open_store(tmp_path / "store") as store:
        yield store


@pytest.fixture
def register(monkeypatch, tmp_path_factory):
    """Announces a plug-in as an installed package would."""

    def announce(group, name, target):
        folder = tmp_path_factory.mktemp("installed")
        info = folder / f"plugin_{name}-1.0.dist-info"
        info.mkdir()
        info.joinpath("entry_points.txt").write_text(f"[{group}]\n{name} = {target}\n")
        monkeypatch.syspath_prepend(folder)

    return announce


@pytest.fixture
def mounted(tmp_path):
    """Mounts a file system in memory, with the given options, and returns its folder."""
    folders = []

    def mount(options):
        folder = tmp_path / f"mounted{len(folders)}"
        folder.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder]).returncode:
            pytest.skip("needs the right to mount a tmpfs")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", folder], check=True)


def _same(one, other):
    """Say whether two values are equal in type, bit for bit, all the way down."""
    if type(one) is not type(other):
        return False
    kind = type(one)
    if kind is float:
        return struct.pack("<d", one) == struct.pack("<d", other) or (math.isnan(one) and math.isnan(other))
    if kind is complex:
        return _same(one.real, other.real) and _same(one.imag, other.imag)
    if kind in (list, tuple) or (issubclass(kind, tuple) and hasattr(kind, "_fields")):
        return len(one) == len(other) and all(map(_same, one, other))
    if kind is dict:
        return len(one) == len(other) and all(
            _same(a, b) and _same(one[a], other[b]) for a, b in zip(one, other, strict=True)
        )
    if kind in (set, frozenset):
        return one == other and sorted(map(repr, map(type, one))) == sorted(map(repr, map(type, other)))
    if dataclasses.is_dataclass(one):
        return all(_same(getattr(one, f.name), getattr(other, f.name)) for f in dataclasses.fields(one))
    if kind is slice:
        return _same((one.start, one.stop, one.step), (other.start, other.stop, other.step))
    if kind.__name__ == "ndarray":
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return repr(one) == repr(other) and ("nan" in repr(one).lower() or one == other)


@pytest.fixture(scope="session")
def same():
    """Equality in type, bit for bit, all the way down."""
    return _same


def _leftovers(root):
    """Return the files below a folder that belong to no entry."""
    return [
        os.path.join(folder, file)
        for folder, _, files in os.walk(root)
        for file in files
        if not file.startswith(("result.dump.", "s.db")) and file != ".lock"
    ]


@pytest.fixture
def leftovers():
    """Finds the files below a folder that belong to no entry."""
    return _leftovers
