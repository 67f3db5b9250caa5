"""Child processes for the conformance suite: forked, so that a test may hand them a closure."""

from __future__ import annotations

import os
import pickle
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest

__all__ = ["Child"]


class Child:
    """A forked child that calls a function.

    Args:
        function: What it calls; its result must pickle.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        if not hasattr(os, "fork"):
            pytest.skip("this system has no os.fork")
        self._read_end, write_end = os.pipe()
        with warnings.catch_warnings():
            # A test runner may have threads; the child touches nothing that they could hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if self._pid == 0:
            _work(function, write_end)
        os.close(write_end)
        self._status: int | None = None

    def is_alive(self) -> bool:
        """Return whether it has not ended yet."""
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            self._status = status if pid else None
        return self._status is None

    def result(self) -> Any:
        """Wait for its end and return what the function returned.

        Raises:
            RuntimeError: The function raised, or the child ended without a word.
        """
        with os.fdopen(self._read_end, "rb") as pipe:
            message = pipe.read()
        if self._status is None:
            self._status = os.waitpid(self._pid, 0)[1]
        if not message:
            raise RuntimeError(f"the child ended with {os.waitstatus_to_exitcode(self._status)} and said nothing")
        done, result = pickle.loads(message)
        if not done:
            raise RuntimeError(f"in the child:\n{result}")
        return result


def _work(function: Callable[[], Any], write_end: int) -> None:
    """Call ``function``, report, and leave without running anything else of the test's."""
    try:
        message = pickle.dumps((True, function()))
    except BaseException:
        message = pickle.dumps((False, traceback.format_exc()))
    with os.fdopen(write_end, "wb") as pipe:
        pipe.write(message)
    os._exit(0)
