"""Nothing in a page escapes: what is not run is counted here, by language."""

from __future__ import annotations

from collections import Counter

import pytest
from page_blocks import ROOT, Block, blocks, markdown_pages

# Drawings, commands of a checkout (tests/tools and tools/checks/alone.py run those), bytes, records that hold times.
NOT_RUN = {
    "CONTRIBUTING.md": {"text": 1},
    "README.md": {"text": 2},
    "docs/architecture.md": {"text": 1},
    "docs/cache.md": {"text": 1},
    "docs/cluster.md": {"text": 3},
    "docs/coming-from.md": {"text": 2},
    "docs/format-v1.md": {"text": 3},
    "docs/how-to/backend.md": {"text": 3},
    "docs/how-to/notebook.md": {"text": 1},
    "docs/how-to/schedule.md": {"text": 1, "yaml": 1},
    "docs/recipes/ro-crate.md": {"text": 1},
    "docs/release-0.3.md": {"text": 1},
    "docs/run-folder.md": {"yaml": 1, "text": 1, "json": 1},
    "docs/start.md": {"text": 1},
    "packages/pyperunner/README.md": {"text": 1},
    "packages/pyperunner-cache/README.md": {"text": 1},
    "packages/pyperunner-cache-fsspec/README.md": {"text": 1},
    "packages/pyperunner-cache-redis/README.md": {"text": 1},
    "packages/pyperunner-cli/README.md": {"text": 2},
    "packages/pyperunner-dag/README.md": {"text": 1},
    "packages/pyperunner-dask/README.md": {"text": 2},
    "packages/pyperunner-keys/README.md": {"text": 1},
    "packages/pyperunner-keys/tests/edits/README.md": {"text": 1},
    "packages/pyperunner-openlineage/README.md": {"text": 2},
    "packages/pyperunner-results/README.md": {"text": 1},
    "packages/pyperunner-runner/README.md": {"text": 1},
    "packages/pyperunner-text/README.md": {"text": 1},
}


def test_every_block_that_does_not_run_is_counted():
    found = {
        str(page.relative_to(ROOT)): dict(Counter(block.language for block in blocks(text(page)) if not block.runs))
        for page in markdown_pages()
    }
    assert {page: counts for page, counts in found.items() if counts} == NOT_RUN


@pytest.mark.parametrize("page", markdown_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_file_that_a_page_writes_is_used_below(page):
    left = list(blocks(text(page)))
    while left:
        block = left.pop(0)
        if block.runs and block.file:
            stem = block.file.rpartition(".")[0]
            assert any(stem in other.text for other in left if other.runs), f"line {block.line}: nothing uses it"


@pytest.mark.parametrize("page", markdown_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_name_no_path_of_one_machine(page):
    for block in blocks(text(page)):
        assert not any(place in block.text for place in ("/tmp/", "/home/", "/root/", "/work/"))


def test_fences_and_four_spaces_make_blocks():
    page = "# A\n\n```python needs=a,b\nx = 1\n```\n- item\n\n    not code\n\nText\n\n    code\n\n```\n``\n```\n"
    assert list(blocks(page)) == [
        Block(3, "python", "x = 1\n", ("a", "b")),
        Block(12, "indented", "    code\n"),
        Block(14, "", "``\n"),
    ]


def text(page):
    return page.read_text(encoding="utf-8")
