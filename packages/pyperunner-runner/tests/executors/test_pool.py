"""The pool executor against the conformance suite, and what is its own."""

from __future__ import annotations

from dataclasses import replace

from pyperunner_runner.executors.pool import PoolExecutor
from pyperunner_runner.ports import Job, Started
from pyperunner_runner.testing import ExecutorContract


class TestPoolExecutor(ExecutorContract):
    def make_executor(self, session):
        return PoolExecutor(session)

    def test_a_process_that_was_given_variables_has_no_other_job(self, tasks):
        """What a library has made of them when it was first used, such as its devices, can't be undone."""
        executor = self.make_executor(replace(self.session(tasks), process_limit=1))
        try:
            pids = []
            for job in (
                Job("Add(first)"),
                Job("Sleep(short)", env=(("CUDA_VISIBLE_DEVICES", "1"),)),
                Job("Add(second)"),
            ):
                executor.start(job)
                pids += [event.pid for event in self.events(executor) if isinstance(event, Started)]
        finally:
            executor.close()
        assert pids[0] == pids[1] != pids[2]
