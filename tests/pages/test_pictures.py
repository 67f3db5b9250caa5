"""The README's twenty lines are an example, and the pictures are those of the examples."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

from page_blocks import ROOT, blocks

EXAMPLE = ROOT / "docs/examples/branches.py"


def test_the_program_is_the_example() -> None:
    [program] = [block for block in blocks((ROOT / "README.md").read_text()) if block.file == "branches.py"]
    assert EXAMPLE.read_text().endswith(program.text.removeprefix("# branches.py\n"))


def test_the_picture_of_branches_is_that_of_the_second_run(tmp_path: Path) -> None:
    for arguments in [], ["--set", "Power(cubes).exponent=4"]:
        command = [sys.executable, "-m", "pyperunner", "run", EXAMPLE, *arguments]
        subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    [*_, latest] = sorted(tmp_path.glob("pyperunner-runs/*/graph.svg"), key=os.path.getmtime)
    assert titles(latest.read_text()) == titles((ROOT / "docs/images/branches.svg").read_text())


def titles(picture: str) -> list[str]:
    """Return what a picture says of each task, such as ``Load(): SUCCESS``."""
    return re.findall("<title>(.*?)</title>", picture)


def test_the_picture_of_flights_shows_its_tasks() -> None:
    from pyperunner import Pipeline

    picture = (ROOT / "docs/images/flights.svg").read_text()
    namespace = runpy.run_path(str(ROOT / "docs/examples/flights.py"))
    pipeline = namespace["pipeline"]()
    assert isinstance(pipeline, Pipeline)
    assert [task.name for task in pipeline.dag() if f"<title>{task.name}: SUCCESS</title>" not in picture] == []
