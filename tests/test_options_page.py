"""What the page of options shows is what happens, and no option is missing from it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pyperunner_dag import Options

PAGE = (Path(__file__).resolve().parents[1] / "docs/options.md").read_text(encoding="utf-8")


def test_the_example_prints_what_is_printed_below_it(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    (tmp_path / "flow.py").write_text(found[1], encoding="utf-8")
    done = subprocess.run([sys.executable, "flow.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, found[2]), done.stderr


def test_every_option_has_a_row_of_its_own() -> None:
    rows = re.findall(r"^\| `(\w+)=", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(Options.__slots__)
