"""Recipes say what they need and how many lines of glue they take; `tools/check recipes` runs them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checks.recipes import RECIPES, needs_of
from page_blocks import blocks

ROW = re.compile(r"^\| \[.+?\]\((\S+)\.md\) \|.*\| (.+?) \|$", re.MULTILINE)
LISTED = dict(ROW.findall((RECIPES / "index.md").read_text(encoding="utf-8")))
PAGES = sorted(page for page in RECIPES.glob("*.md") if page.stem != "index")


def test_every_recipe_is_listed() -> None:
    assert sorted(LISTED) == [page.stem for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_it_says_what_to_install_and_its_lines_of_glue_are_counted(page: Path) -> None:
    """Glue is in files of its own, `store_….py`; what counts is every line but empty ones."""
    text = page.read_text(encoding="utf-8")
    glue = [
        line for block in blocks(text) if (block.file or "").startswith("store_") for line in block.text.splitlines()
    ]
    assert needs_of(page)
    assert not (glue and "no glue" in text)
    assert LISTED[page.stem] == (f"{sum(map(bool, glue[1:]))} lines" if glue else "none")
