"""Pages as tests: pytest collects a Markdown file, and each block of it that runs is a test of its own."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest
from page_blocks import Block, blocks
from page_session import PageFailure, Session

__all__ = ["Page"]


class Page(pytest.File):
    """A page. Its blocks belong together: whichever is asked for, those above it are executed before, once."""

    def collect(self) -> Iterator[PageBlock]:
        """Yield the blocks that run."""
        for block in blocks(self.path.read_text(encoding="utf-8")):
            if block.runs:
                yield PageBlock.from_parent(self, name=f"line {block.line} ({block.language})", block=block)

    def setup(self) -> None:
        """Open the session when the first block is due."""
        self._session = Session(self.path)
        self._left = [item.block for item in self.collect()]
        self._broken: Block | None = None

    def teardown(self) -> None:
        """Close it after the last one."""
        self._session.close()

    def execute(self, block: Block) -> None:
        """Execute the page up to this block."""
        while block in self._left and self._broken is None:
            current = self._left.pop(0)
            if all(importlib.util.find_spec(module) for module in current.needs):
                try:
                    self._session.execute(current)
                except BaseException:
                    self._broken = current
                    if current == block:
                        raise
        if self._broken is not None:
            raise PageFailure(f"the block of line {self._broken.line} failed")


class PageBlock(pytest.Item):
    """One block of a page."""

    parent: Page

    def __init__(self, *, block: Block, **more: Any) -> None:
        super().__init__(**more)
        self.block = block

    def runtest(self) -> None:
        """Execute it, after those above it."""
        missing = [module for module in self.block.needs if importlib.util.find_spec(module) is None]
        if missing:
            pytest.skip(f"needs {' and '.join(missing)}")
        self.parent.execute(self.block)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what is wrong with the page, not with this code."""
        if isinstance(excinfo.value, PageFailure):
            return f"{self.path.name}, line {self.block.line}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int, str]:
        """Return where it stands."""
        return self.path, self.block.line - 1, f"{self.path.name}: {self.name}"
