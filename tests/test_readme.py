"""What the README shows is what happens."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
EXAMPLE = ROOT / "docs/examples/branches.py"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def masked(text: str) -> list[str]:
    """Return the lines without what differs from run to run: times, dates, and which of two branches was first."""
    text = re.sub(r"\d+\.\d s\b", "0.0 s", re.sub(r"_\d{6}T\d{6}(_\d+)?", "_<time>", text))
    return sorted(line.rstrip() for line in text.splitlines())


def test_the_program_is_the_example() -> None:
    [program] = blocks("python")
    assert EXAMPLE.read_text().endswith(program)


def test_the_outputs_are_real(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs/examples", tmp_path / "docs/examples")
    scripts = Path(sys.executable).parent
    variables = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    [session] = blocks("console")
    steps = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", session, re.MULTILINE)
    assert len(steps) == 3
    for command, shown in steps:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )
        assert (done.returncode, masked(done.stdout)) == (0, masked(shown)), done.stderr
    [*_, latest] = sorted(tmp_path.glob("pyperunner-runs/*/graph.svg"), key=os.path.getmtime)
    assert titles(latest.read_text()) == titles((ROOT / "docs/images/branches.svg").read_text())


def titles(picture: str) -> list[str]:
    """Return what a picture says of each task, such as ``Load(): SUCCESS``."""
    return re.findall("<title>(.*?)</title>", picture)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_picture_of_flights_shows_its_tasks() -> None:
    from pyperunner import Pipeline

    picture = (ROOT / "docs/images/flights.svg").read_text()
    namespace = runpy.run_path(str(ROOT / "docs/examples/flights.py"))
    pipeline = namespace["pipeline"]()
    assert isinstance(pipeline, Pipeline)
    assert [task.name for task in pipeline.dag() if f"<title>{task.name}: SUCCESS</title>" not in picture] == []
