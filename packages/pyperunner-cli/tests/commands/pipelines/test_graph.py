from __future__ import annotations

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
