"""Links of all pages lead somewhere: to a file of the project, and to a heading of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_blocks import ROOT, markdown_pages, prose

LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)\s>]+)>?[^)]*\)")


def links(text: str) -> list[str]:
    """Return the targets of links and pictures, apart from those in code and those with a scheme."""
    without_code = re.sub(r"`[^`\n]*`", "", prose(text))
    return [target for target in LINK.findall(without_code) if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them."""
    names: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*?) *#*$", prose(text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        names.add(next(form for form in (name, *(f"{name}-{n}" for n in range(1, 99))) if form not in names))
    return names


CASES = [
    pytest.param(page, target, id=f"{page.relative_to(ROOT)} → {target}")
    for page in markdown_pages()
    for target in dict.fromkeys(links(page.read_text(encoding="utf-8")))
]


@pytest.mark.parametrize(("page", "target"), CASES)
def test_a_link_leads_somewhere(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    place = (page.parent / path).resolve() if path else page
    assert place.exists()
    assert place.is_relative_to(ROOT)
    if anchor:
        assert anchor in anchors(place.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", markdown_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_named_in_code_exists(page: Path) -> None:
    """`docs/running.md` and `tools/bench/cache.py`, where they stand as code instead of as a link."""
    named = re.findall(r"`(?:python3? )?((?:docs|tools|packages|tests)/[\w./-]+)", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_anchors_are_those_of_github() -> None:
    assert anchors("# What `it` does, here\n## A\n## A\n```\n# no\n```\n") == {"what-it-does-here", "a", "a-1"}
