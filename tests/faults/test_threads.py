"""Threads at the moment of a fork: which matter, and what becomes of a run beside them."""

from __future__ import annotations

import pytest

from pyperunner_runner.processes.threads import HARMLESS

OPENBLAS = "import numpy; matrix = numpy.ones((400, 400)); numpy.linalg.svd(matrix @ matrix)"
ARROW = "import pyarrow; pyarrow.table({'a': list(range(100_000))}).group_by('a').aggregate([])"
POLARS = "import polars; polars.DataFrame({'a': range(100_000)}).group_by('a').len()"
SPILLS = "polars.LazyFrame({'a': range(100_000)}).group_by('a').len().collect(engine='streaming')"
OPENMP = (
    "import numpy; from sklearn.ensemble import HistGradientBoostingRegressor as Model; "
    "Model(max_iter=2).fit(numpy.ones((2000, 3)), numpy.ones(2000))"
)

PROOFS = {
    "lib*openblas*": (OPENBLAS, OPENBLAS),
    "*": ("import pyarrow", "import pyarrow; pyarrow.array(range(1_000_000))"),
    "libarrow.so*": (ARROW, ARROW),
    "_polars_runtime*": ("import polars", f"{POLARS}; {SPILLS}"),
}
"""By the library of a row of ``HARMLESS``: what makes its threads, and what a copy must be able to do."""

PROVE = """
import os, signal, time
from pyperunner_runner.processes import threads
{first}
def there():
    code, numbers = threads._MappedCode(), threads._native_threads() - {{os.getpid()}}
    return any(threads.fnmatchcase("".join(code.look(number).libraries), {library!r}) for number in numbers)

end = time.monotonic() + 10
while not there():
    assert time.monotonic() < end, "no thread of that library"
assert threads.threads_that_matter() == []
for _ in range(3):
    pid = os.fork()
    if not pid:
        {then}
        os._exit(0)
    end = time.monotonic() + 60
    while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0) and time.monotonic() < end:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(pid, signal.SIGKILL)
    assert ended == (pid, 0), ended
"""

SAY = "from pyperunner_runner.processes.threads import threads_that_matter; print(threads_that_matter())"

FLOW = """
    import os, threading, time, warnings
    from pyperunner import Pipeline, Runner, task
    from pyperunner_runner.executors.pool import PoolExecutor

    @task("Parent", receives_input=False)
    def parent(n):
        return "server" if "-c" in open(f"/proc/{{os.getppid()}}/cmdline").read().split(chr(0)) else "copy"

    def locked(lock):
        @task("Locked")
        def run():
            with lock:
                return "done"
        return run()

    {thread}
    tasks = [parent(str(n), n=n) for n in range(3)]
    more = {more}
    runner = Runner("store", "logs", **{options})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runner.run(Pipeline("p", tasks + more), raise_on_failure=True)
    print(*{{task.output for task in tasks}})
    print(*[warning.message for warning in caught])
    print(open(runner.run_folder + "/pipeline.log").read())
"""
SLEEPER = "threading.Thread(target=time.sleep, args=(60,), daemon=True, name='sleeper').start()"
POOL = "dict(executor=PoolExecutor)"


def run(project, thread="", options="{}", more="[]"):
    """Return which processes the tasks' processes come from, what was warned of, and the log."""
    project.write("flow.py", FLOW.format(thread=thread, options=options, more=more))
    origin, warnings, log = project.python("flow.py").split("\n", 2)
    return origin, warnings, log


@pytest.mark.parametrize("options", ["{}", POOL])
def test_a_program_without_threads_is_copied(project, options):
    origin, warnings, log = run(project, options=options)
    assert (origin, warnings) == ("copy", "")
    assert "has threads" not in log


def test_a_timer_that_waits_does_not_matter(project):
    assert run(project, "timer = threading.Timer(60, print); timer.daemon = True; timer.start()")[0] == "copy"


def test_a_timer_that_works_matters(project):
    thread = "timer = threading.Timer(0, time.sleep, [60]); timer.daemon = True; timer.start(); time.sleep(0.2)"
    assert run(project, thread)[0] == "server"


@pytest.mark.parametrize("options", ["{}", POOL])
def test_a_program_with_a_thread_has_a_fork_server_which_the_log_says_once(project, options):
    origin, warnings, log = run(project, SLEEPER, options)
    assert (origin, warnings) == ("server", "")
    assert log.count("come from a fork server, because this program has threads: sleeper") == 1


def test_a_copy_that_was_asked_for_is_warned_of(project):
    origin, warnings, log = run(project, SLEEPER, "dict(start_method='fork')")
    assert origin == "copy"
    assert "sleeper" in warnings
    assert log.count("start_method='fork' was asked for beside threads") == 1


def test_a_task_that_cannot_travel_is_copied_where_nobody_asked_for_a_server(project):
    origin, warnings, log = run(project, SLEEPER, more="[locked(threading.Lock())]")
    assert origin == "copy"
    for text in (warnings, log):
        assert "Locked() can't be sent to a fork server: run: variable 'lock' can't be pickled" in text


@pytest.mark.parametrize("library", [row.library for row in HARMLESS])
def test_threads_of_a_library_that_do_not_matter(project, library):
    """The table is right: a copy of a process that has these threads works."""
    first, then = PROOFS[library]
    pytest.importorskip(first.split()[1].strip(";"), reason="the library of this row is not installed")
    project.python("-c", PROVE.format(first=first, then=then, library=library), OPENBLAS_NUM_THREADS="2")


@pytest.mark.parametrize(
    ("first", "name"),
    [
        ("import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()", "Thread-1"),
        ("import _thread, time; _thread.start_new_thread(time.sleep, (9,))", "python"),
        (POLARS, "polars"),
        pytest.param(OPENMP, "libgomp", marks=pytest.mark.long),  # its import takes seconds
    ],
)
def test_threads_that_matter(project, first, name):
    """Python's own, those that it does not know, and pools that a copy waits for."""
    pytest.importorskip(first.split()[1].strip(";,"), reason="the library is not installed")
    assert name in project.python("-c", f"{first}\n{SAY}", POLARS_MAX_THREADS="2", OMP_NUM_THREADS="2")
