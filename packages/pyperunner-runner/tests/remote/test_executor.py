from __future__ import annotations

import pytest

from pyperunner_runner.remote import RemoteExecutor
from pyperunner_runner.testing import ExecutorContract, LocalWorkers, RemoteExecutorContract


class TestProcessOnWorkers(RemoteExecutorContract):
    """Of what every executor does, what is made anew for remote ones; all of it in the long form."""

    def make_executor(self, session):
        return RemoteExecutor(session, LocalWorkers({"w1": 4}))


for name in vars(ExecutorContract):
    if name.startswith("test_"):
        setattr(TestProcessOnWorkers, name, None)


@pytest.mark.long
class TestAllOnWorkers(RemoteExecutorContract):
    def make_executor(self, session):
        return RemoteExecutor(session, LocalWorkers({"w1": 2, "w2": 2}))


@pytest.mark.long
class TestPoolOnWorkers(RemoteExecutorContract):
    def make_executor(self, session):
        return RemoteExecutor(session, LocalWorkers({"w1": 2, "w2": 2}), executor="pool")
