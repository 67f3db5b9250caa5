from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest


def completed(say, *words: str) -> list[str]:
    said = say("completion", "words", str(len(words)), "--", "pyperunner", *words)
    assert said.code == 0
    return said.out.split("\n")[:-1]


def test_commands_options_and_choices(say, folder: Path) -> None:
    assert completed(say, "pl") == ["plan"]
    assert completed(say, "plan", "flow.py", "--exit") == ["--exit-code"]
    assert completed(say, "run", "--audit", "") == ["warn", "error", "off"]
    assert completed(say, "run", "--data-path", "") == []
    assert completed(say, "cache", "v") == ["verify"]
    assert completed(say, "cache", "gc", "--dry") == ["--dry-run"]
    assert "--watched" not in completed(say, "run", "--w")
    assert completed(say, "nonsense", "") == []


def test_runs_and_the_tasks_of_a_run_and_no_code_is_loaded(say, flow: Path, folder: Path) -> None:
    say("run", "flow.py", "--no-report", "--executor", "inline")
    [run] = (path.name for path in (folder / "pyperunner-runs").iterdir())
    flow.write_text("raise SystemExit(3)")
    assert completed(say, "results", "") == ["latest", run]
    assert completed(say, "results", run, "D") == ["Double()"]
    assert completed(say, "results", "--trust", "latest", "N") == ["Number()"]
    assert completed(say, "explain", "flow.py", "") == ["Number()", "Double()"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_is_well_formed(say, folder: Path, shell: str) -> None:
    script = say("completion", shell).out
    assert "pyperunner completion words" in script
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"needs {shell}")
    subprocess.run([program, "-n"], input=script, text=True, check=True)


def test_words_are_completed_with_their_quotes_and_behind_an_equals_sign(say, flow: Path, folder: Path) -> None:
    say("run", "flow.py", "--no-report", "--executor", "inline")
    for typed in ('"Num', "'Num", "Number\\(", "Num"):
        assert completed(say, "results", "latest", typed) == ["Number()"]
    assert completed(say, "results", "'latest'", "D") == ["Double()"]
    assert completed(say, "run", "--audit=e") == ["--audit=error"]
    assert completed(say, "run", "--audit", "=", "e") == ["error"]
    assert completed(say, "run", "--audit", "=") == ["warn", "error", "off"]
    assert completed(say, "results", "latest", "\\") == ["Number()", "Double()"]


INTERACTIVE = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
START = {
    "bash": 'eval "$(pyperunner completion bash)"',
    "zsh": 'bindkey -e; eval "$(pyperunner completion zsh)"',
    "fish": "pyperunner completion fish | source",
}


@pytest.mark.parametrize("shell", INTERACTIVE)
def test_a_real_shell_completes_what_is_typed(say, flow: Path, folder: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    say("run", "flow.py", "--no-report", "--executor", "inline")
    (folder / "bin").mkdir()
    (folder / "bin" / "pyperunner").write_text(f'#!/bin/sh\nexec {sys.executable} -m pyperunner_cli "$@"\n')
    (folder / "bin" / "pyperunner").chmod(0o755)
    env = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8"}
    keyboard, terminal = os.openpty()
    # A shell wants the terminal to be its own.
    own = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
    process = subprocess.Popen(
        [sys.executable, "-c", own, *INTERACTIVE[shell]],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=env,
        start_new_session=True,
    )
    os.close(terminal)

    def enter(typed: str, done: str) -> None:
        """Type a line, and wait for a file that it makes."""
        os.write(keyboard, f"{typed}\r".encode())
        deadline = time.monotonic() + 30
        while not (folder / done).exists():
            assert time.monotonic() < deadline, seen
            if select.select([keyboard], [], [], 0.05)[0]:
                seen.append(os.read(keyboard, 1 << 16))

    seen: list[bytes] = []
    try:
        enter(f"{START[shell]}; echo > started", "started")
        # The line is completed by tabs; then its beginning (Ctrl-A) is made to write it to a file (behind Ctrl-E).
        keys = "pyperunner resu\tlat\tNum\t\x01printf '%s\\n' \x05 > there; echo > done"
        enter(keys, "done")
        assert (folder / "there").read_text().split() == ["pyperunner", "results", "latest", "Number()"], seen
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
