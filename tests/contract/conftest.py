"""What 0.2.0 has written, for the tests that read it.

`tests/data/store-0.2.0/made.tar.gz` was written by 0.2.0; `make.py` beside it says how. Each test works on a copy.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

import pyperunner
import pyperunner_cache
import pyperunner_keys

OLD = Path(__file__).parents[1] / "data" / "store-0.2.0"


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A copy of what 0.2.0 wrote; it is the current folder."""
    with tarfile.open(OLD / "made.tar.gz") as archive:
        # The first releases of 3.10 and 3.11 have no filters. This one leaves the modes alone: a store is its owner's.
        archive.extractall(tmp_path, **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))
    shutil.copy(OLD / "make.py", tmp_path / "pyperunner-0.2.0")
    monkeypatch.chdir(tmp_path / "pyperunner-0.2.0")
    monkeypatch.setenv("FLOW_PASSWORD", "s3cret")
    monkeypatch.setenv("STORE_KEY", "key")
    return tmp_path / "pyperunner-0.2.0"


def imported(monkeypatch, folder):
    """Return the script of the stores as the module that it is to those who import it."""
    spec = importlib.util.spec_from_file_location("make", folder / "make.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def make(old, monkeypatch):
    """The script, moved with its stores to another place."""
    return imported(monkeypatch, old)


@pytest.fixture
def make_at_home(old, monkeypatch):
    """The script where it was when it wrote the stores, so that its classes in them are its own."""
    module = imported(monkeypatch, old)
    module.__file__ = f"{module.PLACE}/make.py"
    return module


@pytest.fixture(scope="session")
def same():
    """Equality in type and content, all the way down."""
    return _same


def _same(one, other):
    if type(one) is not type(other):
        return False
    kind = type(one)
    if isinstance(one, BaseException):
        return str(one) == str(other) and _same(one.args, other.args) and _same(vars(one), vars(other))
    if kind in (list, tuple) or hasattr(kind, "_fields"):
        return len(one) == len(other) and all(map(_same, one, other))
    if kind is dict:
        return _same(list(one.items()), list(other.items()))
    if isinstance(one, np.ma.MaskedArray):
        return _same(one.data, other.data) and _same(one.mask, other.mask)
    if isinstance(one, np.ndarray):
        alike = (
            one.dtype == other.dtype and one.shape == other.shape and one.flags.f_contiguous == other.flags.f_contiguous
        )
        return alike and (
            _same(one.tolist(), other.tolist()) if one.dtype.hasobject else one.tobytes() == other.tobytes()
        )
    if kind.__module__.partition(".")[0] in ("pandas", "polars"):
        dtypes = "dtypes" if hasattr(one, "dtypes") else "dtype"
        return one.equals(other) and str(getattr(one, dtypes)) == str(getattr(other, dtypes))
    if kind.__module__ != "builtins" and kind.__eq__ is object.__eq__:
        return _same_object(one, other)
    return one == other and (not isinstance(one, float) or repr(one) == repr(other))


def _same_object(one, other):
    """Compare what has no equality: tasks and pipelines by their keys, all else by what its own key is made of."""
    if isinstance(one, pyperunner.Task):
        return (one.name, one.params, one.reload, one.hash()) == (other.name, other.params, other.reload, other.hash())
    if isinstance(one, pyperunner.Pipeline):
        return one.to_dict() == other.to_dict()
    if isinstance(one, pyperunner_cache.Cache):
        return one.spec() == other.spec()
    return pyperunner_keys.digest(one) == pyperunner_keys.digest(other)
