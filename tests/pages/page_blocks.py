"""Blocks of a Markdown page: what stands between fences, in which language, and at which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Block", "blocks", "markdown_pages", "prose"]

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^( *)```(\S*)(.*)$")
_NAME = re.compile(r"^# ([\w./-]+\.\w+)$")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        line: Number of the line of its opening fence, from 1.
        language: What the fence says of it; ``""`` if nothing, ``"indented"`` where there is no fence.
        text: What stands in it.
        needs: Modules it needs beyond what the page's package needs: ``needs=moto,s3fs`` behind the language.
    """

    line: int
    language: str
    text: str
    needs: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it is run as a reader would: Python and what is typed at a shell's prompt."""
        return self.language in ("python", "console")

    @property
    def file(self) -> str | None:
        """Name of the file that it is, where its first line is a comment with nothing but that name."""
        named = _NAME.match(self.text.partition("\n")[0])
        return named[1] if named else None


def markdown_pages() -> list[Path]:
    """Return all pages of the project."""
    patterns = ("*.md", "docs/**/*.md", "packages/*/*.md", "packages/*/tests/**/*.md")
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page's text from top to bottom."""
    for number, inside, language, rest, lines in _parts(page):
        if inside:
            found = re.search(r"\bneeds=(\S+)", rest)
            yield Block(number, language, "".join(lines), tuple(found[1].split(",")) if found else ())
        else:
            yield from _indented(number, lines)


def prose(page: str) -> str:
    """Return a page without its blocks."""
    return "".join(line for _, inside, _, _, lines in _parts(page) if not inside for line in lines)


def _parts(page: str) -> Iterator[tuple[int, bool, str, str, list[str]]]:
    """Yield what is between fences and what is not: line, whether inside, language, rest of the fence, lines."""
    number, inside, language, rest, indent, lines = 1, False, "", "", 0, []
    for current, line in enumerate(page.splitlines(keepends=True), 1):
        fence = _FENCE.match(line.rstrip("\n"))
        if fence is None or (inside and fence[2]):
            lines.append(line[min(indent, len(line) - len(line.lstrip(" "))) :])
            continue
        yield number, inside, language, rest, lines
        inside = not inside
        number = current if inside else current + 1
        language, rest, indent, lines = fence[2], fence[3], len(fence[1]) if inside else 0, []
    if inside:
        raise ValueError(f"the block of line {number} has no end")
    yield number, False, "", "", lines


def _indented(first: int, lines: list[str]) -> Iterator[Block]:
    """Yield blocks that Markdown knows by four spaces after an empty line, outside lists."""
    before, in_list = "", False
    for number, line in enumerate(lines, first):
        if line.strip() and not line.startswith(" "):
            in_list = bool(re.match(r"[-*+] |\d+[.)] ", line))
        if line.startswith("    ") and not before.strip() and not in_list:
            yield Block(number, "indented", line)
        before = line
