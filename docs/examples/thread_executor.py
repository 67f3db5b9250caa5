"""An executor of one's own: every job in a thread of this process, for tasks that wait for a network most of the time.

``Runner(executor=ThreadExecutor)`` uses it, or ``executor="thread"`` once it is registered under the entry point group
``pyperunner.executors``. ``pyperunner_runner.testing.ExecutorContract`` says whether it keeps the promises of an
executor that gives jobs no process of their own (it does). A thread can't be stopped, nor its prints told apart.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner
from pyperunner_runner.execution import JobHandle, execute_job
from pyperunner_runner.ports import Ended, Exit, Started


class ThreadExecutor:
    """Carries out jobs in threads; see ``pyperunner_runner.ports.Executor`` for what each method promises."""

    def __init__(self, session):
        self._session = session
        self._threads = ThreadPoolExecutor(session.process_limit)
        self._events, self._running = deque(), 0
        self._read_end, self._write_end = os.pipe()  # a byte for each job that has ended

    def start(self, job):
        """Hand a job to a thread."""
        handle = JobHandle(self._look)
        handle.process = os.getpid()
        self._events.append(Started(job.task, handle.process))
        self._running += 1
        self._threads.submit(self._execute, job, handle)
        return handle

    def wait(self, timeout=None):
        """Return what has happened, at the latest after ``timeout`` seconds."""
        self._look(timeout if self._running and not self._events else 0)
        events = [self._events.popleft() for _ in range(len(self._events))]
        self._running -= sum(isinstance(event, Ended) for event in events)
        return events

    def stop(self, task, *, kill=False):
        """A thread can't be stopped: the runner waits for the end of what runs."""

    def close(self):
        """Wait for the threads and close the pipe."""
        self._threads.shutdown()
        if self._read_end is not None:
            os.close(self._read_end)
            os.close(self._write_end)
        self._read_end = None

    def _execute(self, job, handle):
        outcome = execute_job(job, self._session.task_of(job), self._session.store)
        handle.exit = Exit(outcome.exitcode)
        self._events.append(Ended(job.task, job.attempt, outcome, handle.exit))
        os.write(self._write_end, b"!")

    def _look(self, timeout):
        wake = [] if self._session.wake is None else [self._session.wake]
        ready, _, _ = select.select([self._read_end, *wake], [], [], timeout)
        if self._read_end in ready:
            os.read(self._read_end, 4096)


@task("Fetch")
def fetch(page: int) -> str:
    """Wait, as for a network."""
    time.sleep(0.2)
    return f"page {page}"


@task("Join")
def join(data: list[str]) -> str:
    """Put the pages together."""
    return ", ".join(data)


pages = [fetch(f"{number}", page=number) for number in range(8)]
pipeline = Pipeline("pages", pages)
joined = join()(pages)

if __name__ == "__main__":
    runner = Runner("pyperunner-data", "pyperunner-runs", process_limit=8, executor=ThreadExecutor)
    runner.run(pipeline)
    print(joined.output)
