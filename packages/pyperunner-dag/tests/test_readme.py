"""The example of the README does what the README says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def test_the_example_prints_what_is_printed_below_it(in_new_process):
    if not README.exists():
        pytest.skip("the README is not beside the tests")
    blocks = r"```python\n(.*?)```\n\n```\n(.*?)```"
    example, output = re.search(blocks, README.read_text(encoding="utf-8"), re.DOTALL).groups()
    assert in_new_process(example, "flow.py", PYTHONIOENCODING="utf-8") == output
