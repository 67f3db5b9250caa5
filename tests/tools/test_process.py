"""What tools/check runs starts from variables of its own, is ended whole, and says how to repeat what failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from checks.environment import installers_variables, variables
from checks.process import pytest as run_pytest
from checks.process import run

TOOLS = Path(__file__).resolve().parents[2] / "tools"
SECONDS = str(1_000_000 + os.getpid())
"""How long what is left behind sleeps: by this it is known, and tests that run side by side have one each."""

LEAVES = """
import os, subprocess, sys

def test_fails():
    pids = [subprocess.Popen(["sleep", "298"], start_new_session=True, env=env).pid for env in (None, {})]
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "298"])
        os._exit(0)
    os.wait()
    assert not pids

test_fails()
""".replace("298", SECONDS)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


def sleepers():
    """The processes that tests of this process have left asleep."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and (folder / "cmdline").read_bytes() == f"sleep\0{SECONDS}\0".encode():
                found.append(folder.name)
        except OSError:
            continue
    return found


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_a_command_leaves_behind_is_ended_and_named(tmp_path):
    script = tmp_path / "leaves.py"
    script.write_text(LEAVES.replace("assert not pids", "pass"))
    done = run([sys.executable, script])
    assert done.code == 1
    assert [line.split()[3:] for line in done.output.splitlines()] == [["sleep", SECONDS]] * 3
    assert done.output.startswith("left behind: ")
    assert not sleepers()
    assert run([sys.executable, "-c", "raise SystemExit(3)"]).code == 3
    assert run(["sh", "-c", "kill -9 $$"]).code == 128 + signal.SIGKILL


def test_it_ends_with_who_started_it():
    program = (
        f"import sys; sys.path[:0] = [{str(TOOLS)!r}]\nfrom checks.process import run\nrun(['sleep', {SECONDS!r}])"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as process:
        wait_until(sleepers)
        process.kill()
    wait_until(lambda: not sleepers())


def test_a_failed_test_leaves_no_process_and_is_repeated_alone(tmp_path):
    test = tmp_path / "test_leaves.py"
    test.write_text(LEAVES.rpartition("test_fails()")[0])
    outcome = run_pytest([sys.executable], test, "-p", "no:cacheprovider")
    assert (outcome.passed, outcome.failed) == (0, 1)
    assert outcome.output.count("left behind: ") == 3
    (command,) = outcome.repeat
    assert "-m pytest " in command
    assert command.endswith("test_leaves.py::test_fails")
    assert not sleepers()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_plain_pytest_ends_what_its_tests_have_started(tmp_path, workers):
    test = tmp_path / "test_leaves.py"
    test.write_text(
        LEAVES.rpartition("test_fails()")[0].replace("(None, {})", "(None, None)").replace("assert not", "del")
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "checks.leftovers",
        "-p",
        "no:cacheprovider",
        "-n",
        str(workers),
        test,
    ]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command, env={**variables, "PYTHONPATH": str(TOOLS)}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.count("left behind: ")) == (1, 3), done.stdout
    assert "1 passed" in done.stdout
    assert not sleepers()


def test_variables_of_the_caller_decide_nothing(monkeypatch):
    strange = ["PYTHONPATH", "PYTHONOPTIMIZE", "GIT_DIR", "COLUMNS", "TERM", "LC_ALL", "UV_INDEX_URL", "https_proxy"]
    for name in [*strange, "VIRTUAL_ENV", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT", "SSL_CERT_FILE"]:
        monkeypatch.setenv(name, "strange")
    assert "strange" not in variables().values()
    assert variables()["PATH"] == os.environ["PATH"]
    assert {name for name, value in installers_variables().items() if value == "strange"} == {
        *("GIT_DIR", "COLUMNS", "TERM", "LC_ALL", "UV_INDEX_URL", "https_proxy", "SSL_CERT_FILE")
    }
    monkeypatch.delenv("HOME", raising=False)
    assert "HOME" not in variables()
