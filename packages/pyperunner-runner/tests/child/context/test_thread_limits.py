"""Limits of threads: what libraries are told, and that all is as it was afterwards."""

from __future__ import annotations

import os
import sys
import types

import pytest

from pyperunner_runner.child.context.thread_limits import VARIABLES, holds_numba, limited_threads


def test_libraries_that_are_loaded_later_are_told_by_variables(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = dict(os.environ)
    with limited_threads(3):
        assert {os.environ[name] for name in VARIABLES} == {"3"}
        os.environ["MKL_NUM_THREADS"] = "9"  # a task may say so itself
    assert dict(os.environ) == before


def test_none_leaves_all_as_it_is():
    before = dict(os.environ)
    with limited_threads(None):
        assert dict(os.environ) == before


def test_libraries_that_are_loaded_already_are_told_by_threadpoolctl():
    pytest.importorskip("numpy")
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads():
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}

    before = threads()
    with limited_threads(1):
        assert threads() == {1}
        with limited_threads(2):
            assert threads() == {2}
    assert threads() == before


def test_numba_is_told_nothing_once_it_has_threads(monkeypatch):
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    pool = types.ModuleType("numba.np.ufunc.parallel")
    monkeypatch.setitem(sys.modules, pool.__name__, pool)
    pool._is_initialized = False
    with limited_threads(2):
        assert os.environ["NUMBA_NUM_THREADS"] == "2"
        assert not holds_numba()
    pool._is_initialized = True
    with limited_threads(3):
        assert "NUMBA_NUM_THREADS" not in os.environ
        assert holds_numba()
