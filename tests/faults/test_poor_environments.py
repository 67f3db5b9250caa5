"""Programs and machines in which something is missing that nearly everybody has."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import os, resource, signal, sys, threading
folder, options = sys.argv[1], eval(sys.argv[2])
{poor}
from pyperunner import Pipeline, Runner, task

@task("First")
def first(n):
    print("a task prints")
    return n

@task("Second")
def second(data):
    return sum(data)

def work():
    one = first(n=1)
    two = second()(one)
    runner = Runner(folder + "/data", folder + "/logs", 2, progress=True, **options)
    runner.run(Pipeline("p", [one]), show_execution_plan=True)
    with open(folder + "/seen", "w") as file:
        file.write(f"{{one.status.name}} {{two.status.name}} {{two.output}}")
"""
DIRECT = """
if __name__ == "__main__":
    work()
"""

POOR = {
    "SIGCHLD ignored": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)",
    "no current folder": "os.mkdir(folder + '/gone'); os.chdir(folder + '/gone'); os.rmdir(folder + '/gone')",
    "current folder /": "os.chdir('/')",
    "umask 0177": "os.umask(0o177)",
    "stdout closed": "sys.stdout.close()",
    "stdout None": "sys.stdout = sys.stderr = None",
    "stdout without flush": "sys.stdout = type('Out', (), {'write': lambda self, text: None})()",
    "stdin closed": "os.close(0)",
    "output closed": "os.close(1)",
    "errors closed": "os.close(2)",
    "all closed": "os.closerange(0, 3)",
    "16 descriptors": "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))",
    "12 descriptors": "resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))",
    "output unread": "ends = os.pipe(); os.close(ends[0]); os.dup2(ends[1], 1); os.close(ends[1]); print('buffered')",
    "gevent": "from gevent import monkey; monkey.patch_all()",
    "output full": "full = os.open('/dev/full', os.O_WRONLY); os.dup2(full, 1); os.close(full); print('buffered')",
}
# A thread that leaves all signals to the main one.
BLOCKED = """
def blocked():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    work()

if __name__ == "__main__":
    thread = threading.Thread(target=blocked)
    thread.start()
    thread.join()
"""
ENVIRONMENTS = {
    "no home": {"HOME": None},
    "home /": {"HOME": "/"},
    "home nowhere": {"HOME": "/nowhere/at/all"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "no temporary folder": {"TMPDIR": "/nowhere/at/all"},
}
WAYS = {
    "fork": {"start_method": "fork"},
    "pool": {"executor": "pool"},
    "forkserver": {"start_method": "forkserver"},
    "spawn": {"start_method": "spawn"},
}


def seen(folder, way, poor="", call=DIRECT, environment=None):
    """What the script above has come to."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(poor=poor) + call)
    env = {**os.environ, **(environment or {})}
    env = {name: value for name, value in env.items() if value is not None}
    done = subprocess.run(
        [sys.executable, str(script), str(folder), repr(WAYS[way])],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    file = folder / "seen"
    return file.read_text() if file.exists() else done.stderr.decode(errors="replace")


@pytest.mark.parametrize("way", ["fork", pytest.param("pool", marks=pytest.mark.long)])
@pytest.mark.parametrize("what", list(POOR))
def test_programs(tmp_path, way, what):
    if what == "gevent":
        pytest.importorskip("gevent", reason="gevent is not installed")
    if what == "output full" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    assert seen(tmp_path, way, POOR[what]) == "SUCCESS SUCCESS 1"


@pytest.mark.parametrize("way", ["fork", pytest.param("pool", marks=pytest.mark.long)])
def test_too_few_descriptors_for_any_process_are_said_at_once(tmp_path, way):
    began = time.monotonic()
    said = seen(tmp_path, way, "resource.setrlimit(resource.RLIMIT_NOFILE, (10, 10))")
    assert "this program may have 10 open files, and a run takes 12 at least" in said
    assert time.monotonic() - began < 15


@pytest.mark.parametrize("way", [pytest.param("fork", marks=pytest.mark.long), "pool"])
@pytest.mark.parametrize("what", list(ENVIRONMENTS))
def test_environments(tmp_path, way, what):
    assert seen(tmp_path, way, environment=ENVIRONMENTS[what]) == "SUCCESS SUCCESS 1"


@pytest.mark.parametrize("way", ["fork", "pool"])
def test_signals_that_a_thread_has_blocked(tmp_path, way):
    assert seen(tmp_path, way, call=BLOCKED) == "SUCCESS SUCCESS 1"


@pytest.mark.long
@pytest.mark.parametrize("way", ["forkserver", "spawn"])
@pytest.mark.parametrize("what", [*(what for what in POOR if what != "gevent"), *ENVIRONMENTS])
def test_fresh_interpreters(tmp_path, way, what):
    assert seen(tmp_path, way, POOR.get(what, ""), environment=ENVIRONMENTS.get(what)) == "SUCCESS SUCCESS 1"


@pytest.mark.parametrize("way", ["forkserver", "spawn"])
@pytest.mark.parametrize("what", ["all closed", "no current folder"])
def test_what_fresh_interpreters_stumble_over(tmp_path, way, what):
    assert seen(tmp_path, way, POOR[what]) == "SUCCESS SUCCESS 1"
