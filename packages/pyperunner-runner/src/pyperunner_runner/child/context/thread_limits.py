"""Thread limits: how many threads libraries compute with while a task runs, so that tasks side by side share the cores.

Variables tell it to libraries that are loaded in the task; threadpoolctl, where it is installed, to the BLAS and OpenMP
of those that were loaded before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

__all__ = ["VARIABLES", "holds_numba", "limited_threads", "prepare_thread_limits"]

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""What libraries read, most of them when they are loaded."""

_NUMBA = "NUMBA_NUM_THREADS"
_COMPUTING = ("numpy", "scipy", "sklearn", "torch", "lightgbm", "xgboost", "faiss")
"""Libraries that bring what threadpoolctl knows."""


@contextmanager
def limited_threads(count: int | None) -> Iterator[None]:
    """Have libraries compute with ``count`` threads for a while; ``None`` leaves all as it is."""
    if count is None:
        yield
        return
    # numba takes the variable for an error once it has threads.
    names = [name for name in VARIABLES if name != _NUMBA or not holds_numba()]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(count)))
    pools = _set_pools(count)
    try:
        yield
    finally:
        for pool, threads in pools:
            with suppress(Exception):
                pool.set_num_threads(threads)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def prepare_thread_limits() -> None:
    """Find the libraries that are loaded, once for all processes that are forked from this one."""
    _pools(_loaded())


def holds_numba() -> bool:
    """Whether numba has started threads here: from then on their number stands fast in this process."""
    return bool(getattr(sys.modules.get("numba.np.ufunc.parallel"), "_is_initialized", False))


def _set_pools(count: int) -> list[tuple[Any, int]]:
    """Set the threads of what is loaded; return what was changed, with the number that it had."""
    changed = []
    for pool in _pools(_loaded()):
        with suppress(Exception):  # whatever it is, the task can do without
            threads = pool.get_num_threads()
            if threads is not None and threads != count:  # OpenBLAS starts threads when it is told so
                pool.set_num_threads(count)
                changed.append((pool, threads))
    return changed


def _loaded() -> tuple[str, ...]:
    return tuple(name for name in _COMPUTING if name in sys.modules)


@lru_cache(maxsize=1)
def _pools(loaded: tuple[str, ...]) -> list[Any]:
    """Return threadpoolctl's handles of the BLAS and OpenMP in this process, looked for anew when more is loaded."""
    if not loaded:
        return []
    environment = dict(os.environ)
    try:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

        return list(ThreadpoolController().lib_controllers)
    except Exception:  # it is not there, too old, or does not know what it finds
        return []
    finally:
        for name in os.environ.keys() - environment.keys():  # its import sets a variable of Intel's OpenMP
            del os.environ[name]
