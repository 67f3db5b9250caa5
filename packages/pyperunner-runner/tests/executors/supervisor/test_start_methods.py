from __future__ import annotations

import sys

import pytest

from pyperunner_runner.executors.supervisor.start_methods import start_method_beside


class Store:
    def __init__(self, forbids_fork):
        self.forbids_fork = forbids_fork


@pytest.mark.parametrize("name", ["", "fork", "forkserver", "spawn"])
def test_a_store_that_must_not_cross_a_fork_never_does(name):
    assert start_method_beside(object(), name) == name
    assert start_method_beside(Store(False), name) == name
    forks = name == "fork" or (not name and sys.platform == "linux")
    assert start_method_beside(Store(True), name) == ("forkserver" if forks else name)
