from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FLOW = """
import os, subprocess, sys
print("from print")
sys.stdout.write("from write\\n")
os.write(1, b"from C\\n")
subprocess.run([sys.executable, "-c", "print('from a child')"])

import pyperunner_dag as p

@p.task("A")
def a(n):
    return n

def make() -> p.Pipeline:
    print("from the function that makes it")
    return p.Pipeline("p", [a(n=1)])
"""
PRINTED = ["from C", "from a child", "from print", "from the function that makes it", "from write"]


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (("graph", "flow.py", "--format", "svg"), "<svg"),
        (("graph", "flow.py", "--format", "mermaid"), "flowchart"),
        (("plan", "flow.py"), "A()"),
        (("explain", "flow.py"), "A()"),
        (("plan", "flow.py", "--set", "A().n=2"), "A()"),
    ],
)
def test_what_code_prints_as_it_is_loaded_is_no_output(tmp_path: Path, arguments: tuple[str, ...], begins: str) -> None:
    done = command(tmp_path, '"$@"', *arguments)
    assert done.stdout.startswith(begins)
    assert not any(line in done.stdout for line in PRINTED)
    assert sorted(line for line in done.stderr.splitlines() if line.startswith("from")) == PRINTED


def test_without_standard_error_it_goes_nowhere(tmp_path: Path) -> None:
    assert command(tmp_path, '"$@" 2>&-', "explain", "flow.py").stdout.startswith("A()")


def command(folder: Path, shell: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "flow.py").write_text(FLOW)
    words = ["sh", "-c", f"exec {shell}", "sh", sys.executable, "-m", "pyperunner_cli", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
