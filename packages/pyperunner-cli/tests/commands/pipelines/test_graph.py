from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest


def test_text_shows_every_task(say, flow: Path) -> None:
    said = say("graph", "flow.py")
    assert said.code == 0
    assert "Number()" in said.out
    assert "Double()" in said.out


def test_svg_is_well_formed(say, flow: Path) -> None:
    root = ElementTree.fromstring(say("graph", "flow.py", "--format", "svg").out)
    assert "Double()" in "".join(root.itertext())


def test_mermaid(say, flow: Path) -> None:
    out = say("graph", "flow.py", "--format", "mermaid").out
    assert "-->" in out
    assert "Double()" in out


@pytest.mark.parametrize("suffix", [".svg", ".mmd", ".dot"])
def test_a_file_is_written(say, flow: Path, folder: Path, suffix: str) -> None:
    assert say("graph", "flow.py", "-o", f"picture{suffix}").code == 0
    assert "Double()" in (folder / f"picture{suffix}").read_text()


def test_a_file_that_is_no_picture_is_refused_before_the_target_is_loaded(say, write) -> None:
    write("flow.py", "1 / 0\n")
    said = say("graph", "flow.py", "-o", "picture.bmp")
    assert (said.code, said.err) == (2, "pyperunner: picture.bmp: a picture's file ends in .svg, .png, .mmd, .dot.\n")


@pytest.mark.skipif(os.name == "nt", reason="POSIX terminals")
def test_a_wide_drawing_is_cropped_to_the_terminal_and_to_nothing_else(write, shell) -> None:
    import pty

    from pyperunner_text.terminal.columns import columns

    write(
        "wide.py",
        """
        from pyperunner_dag import Pipeline, task

        @task("Part")
        def part(n):
            return n

        p = Pipeline("wide", [part(f"名前{n}", n=n) for n in range(20)])
        """,
    )
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pyperunner_cli", "graph", "wide.py"]
    environment = {**os.environ, "COLUMNS": "60"}
    with subprocess.Popen(command, stdout=theirs, env=environment) as process:
        os.close(theirs)
        said = b""
        try:
            while more := os.read(ours, 65536):
                said += more
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    assert process.returncode == 0
    lines = said.decode().replace("\r\n", "\n").splitlines()
    assert lines[-1].startswith("60 of ")
    assert max(map(columns, lines[:-1])) == 60
    assert max(map(columns, shell("graph", "wide.py").out.splitlines())) > 200
