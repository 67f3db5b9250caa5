"""Copies of a program that wait for a lock before any of our code runs in them."""

from __future__ import annotations

import pytest

FLOW = """
    import os, signal, threading
    from pyperunner import Pipeline, Runner, task
    from pyperunner_runner.executors import arrivals
    from pyperunner_runner.executors.pool import PoolExecutor

    arrivals.PATIENCE_SECONDS = 0.5
    forks, lock = 0, threading.Lock()

    @task("One", receives_input=False)
    def one(n, ends=False):
        if ends:
            os.kill(os.getpid(), signal.SIGKILL)
        return n, forks

    @task("Locked", receives_input=False)
    def locked(held={held}):
        return held

    def wait_in_the_process_of_a_task():
        global forks
        forks += 1
        if forks == 3:  # after that of the guard and that of the supervisor
            lock.acquire()

    if __name__ == "__main__":
        lock.acquire()
        os.register_at_fork(after_in_child=wait_in_the_process_of_a_task)
        tasks = [one(str(n), n=n) for n in range(2)] + [{more}]
        runner = Runner("store", "logs", 2, **{options})
        runner.run(Pipeline("p", tasks))
        for task in tasks:
            print(task.status.name, task.output if task.status.name == "SUCCESS" else task.result.exception)
        print(open(runner.run_folder + "/pipeline.log").read())
"""


@pytest.mark.parametrize("options", ["{}", pytest.param("dict(executor=PoolExecutor)", marks=pytest.mark.long)])
def test_a_copy_that_never_begins_is_replaced_by_a_fresh_interpreter(project, options):
    project.write("flow.py", FLOW.format(options=options, more="", held="1"))
    first, second, log = project.python("flow.py").split("\n", 2)
    assert (first, second) == ("SUCCESS (0, 0)", "SUCCESS (1, 0)")
    assert "has not begun within" in log
    assert "in wait_in_the_process_of_a_task" in log, "the log does not say where it was"


def test_what_cannot_be_sent_to_a_fresh_interpreter_fails_by_name(project):
    project.write("flow.py", FLOW.format(options="{}", more="locked()", held="lock"))
    out = project.python("flow.py")
    assert "FAILURE its process, a copy of this program, has not begun within" in out
    assert "cannot pickle '_thread.lock' object" in out


def test_what_ends_by_itself_is_not_replaced(project):
    flow = FLOW.format(options="{}", more='one("ends", n=2, ends=True)', held="1")
    project.write("flow.py", flow.replace("forks == 3", "False").replace("return n, forks", "return n"))
    out = project.python("flow.py")
    assert "FAILURE One(ends): killed by SIGKILL" in out
    assert "has not begun" not in out
