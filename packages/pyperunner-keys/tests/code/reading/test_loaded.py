"""Modules, and the texts and byte codes they were loaded from."""

from __future__ import annotations

import importlib
import os
import py_compile
import sys

import pytest

from pyperunner_keys import digest_bytes, fingerprint, loaded_digest

ONE, TWO = "def f(): return 1\n", "def f(): return 2\n"


@pytest.fixture
def stale(tmp_path, monkeypatch):
    """Imports a module of which the byte code is that of an older text, of the same size and second."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def load(name, before=ONE, now=TWO, mode=py_compile.PycInvalidationMode.TIMESTAMP):
        path = tmp_path / f"{name}.py"
        path.write_text(before)
        os.utime(path, (1e9, 1e9))
        py_compile.compile(str(path), invalidation_mode=mode)
        path.write_text(now)
        os.utime(path, (1e9, 1e9))
        importlib.invalidate_caches()
        names.append(name)
        return importlib.import_module(name)

    yield load
    for name in names:
        sys.modules.pop(name, None)


def test_the_code_that_is_loaded_counts(stale, project):
    module = stale("mod_stale")
    assert module.f() == 1
    found = fingerprint(module.f)
    (digest,) = found.modules.values()
    assert digest == loaded_digest(module)
    assert digest not in (digest_bytes(ONE.encode()), digest_bytes(TWO.encode()))
    assert found.digest != fingerprint(project(fresh=TWO).f).digest


def test_a_value_that_only_its_statement_tells_counts_by_the_code_that_made_it(stale):
    text = "import threading\nclass Held:\n    lock = None\nHELD = Held()\nHELD.k, HELD.lock = {}, threading.Lock()\n"
    text += "def f(): return HELD\n"
    one, two = stale("mod_one", text.format(1), text.format(3)), stale("mod_two", text.format(2), text.format(3))
    assert (one.f().k, two.f().k) == (1, 2)
    assert fingerprint(one.f).parts["mod_one.HELD"] != fingerprint(two.f).parts["mod_two.HELD"]


def test_the_digest_of_a_module_is_mostly_that_of_its_text(stale, tmp_path):
    module = stale("mod_alike", ONE, ONE)
    assert loaded_digest(module) == digest_bytes(ONE.encode())
    assert loaded_digest(stale("mod_edited", ONE, ONE + "# later\n")) == digest_bytes((ONE + "# later\n").encode())
    (tmp_path / "mod_alike.py").unlink()
    assert loaded_digest(module) == digest_bytes(ONE.encode())  # it was read while it was there
    assert loaded_digest(sys) == ""


@pytest.mark.parametrize("name", ["UNCHECKED_HASH", "CHECKED_HASH"])
def test_byte_code_with_a_hash_is_taken_as_python_takes_it(stale, name):
    module = stale(f"mod_{name.lower()}", mode=py_compile.PycInvalidationMode[name])
    assert module.f() == (1 if name == "UNCHECKED_HASH" else 2)
    assert (loaded_digest(module) == digest_bytes(TWO.encode())) == (name == "CHECKED_HASH")


def test_what_is_loaded_stays_what_it_is(stale, tmp_path):
    module = stale("mod_touched")
    before = fingerprint(module.f)
    os.utime(tmp_path / "mod_touched.py")
    assert fingerprint(module.f) == before
    again = importlib.reload(module)
    assert again.f() == 2
    assert loaded_digest(again) == digest_bytes(TWO.encode())
