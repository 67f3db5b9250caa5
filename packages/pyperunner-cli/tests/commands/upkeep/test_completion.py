from __future__ import annotations

import shutil
import subprocess
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


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes(say, flow: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    (folder / "bin").mkdir()
    (folder / "bin" / "pyperunner").write_text(f'#!/bin/sh\nexec {sys.executable} -m pyperunner_cli "$@"\n')
    (folder / "bin" / "pyperunner").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:/usr/bin:/bin")
    script = say("completion", "bash").out
    ask = 'COMP_WORDS=(pyperunner results late); COMP_CWORD=2; _pyperunner; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "--norc", "-c", script + ask], capture_output=True, text=True, check=True)
    assert done.stdout == "latest\n"
