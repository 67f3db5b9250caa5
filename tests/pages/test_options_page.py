"""No option is missing from the page of options."""

from __future__ import annotations

import re

from page_blocks import ROOT

from pyperunner_dag import Options

PAGE = (ROOT / "docs/options.md").read_text(encoding="utf-8")


def test_every_option_has_a_row_of_its_own() -> None:
    rows = re.findall(r"^\| `(\w+)=", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(Options.__slots__)
