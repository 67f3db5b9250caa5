"""Pages of the site that do not lie in docs: those of the packages, those of the root, and the reference.

Called by MkDocs while it builds; ``mkdocs.yml`` names this file. Pages are written for a reader of the repository, so
links to files that the site does not have lose their target, and keep their text.
"""

from __future__ import annotations

import importlib
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]

_PARTS = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
_ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    **{f"packages/{name}/README.md": f"parts/{name}.md" for name in _PARTS},
}
"""Pages of the repository that are not in docs, and where they are on the site."""

_MARKDOWN = re.compile(
    r"^(?P<fence> *```\w*)(?P<more>[^\n`]*)$(?P<block>.*?^ *```$)"
    r"|(?P<mark>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\]\([^)]*\))*)\]\((?P<target>[^)\s]+)\)"
    r"|`[^`\n]*`",
    re.MULTILINE | re.DOTALL,
)
"""A block, a link or a piece of code, whichever comes first."""


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs."""
    for place, name in _ELSEWHERE.items():
        files.append(File.generated(config, name, content=(ROOT / place).read_text(encoding="utf-8")))
    for name in _PARTS:
        if name != "pyperunner-cli":
            files.append(File.generated(config, f"reference/{name}.md", content=_reference(name)))
    files.append(File.generated(config, "reference/command.md", content=_command()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where things are on the site, and fences say the language alone."""
    here = page.file.src_uri
    place = next((place for place, name in _ELSEWHERE.items() if name == here), f"docs/{here}")

    def on_site(found: re.Match[str]) -> str:
        if found["fence"]:
            return found["fence"] + found["block"]  # what a block needs is said behind its language, to the tests
        return found[0] if found["target"] is None else _link(found, place, here, files, on_site)

    return _MARKDOWN.sub(on_site, markdown)


def _link(link: re.Match[str], place: str, here: str, files: Files, on_site: Callable[[re.Match[str]], str]) -> str:
    """Return a link with the target that it has on the site, or its text where the site does not have it."""
    text = _MARKDOWN.sub(on_site, link["text"])
    path, hash_, anchor = link["target"].partition("#")
    if re.match(r"[a-z]+:", path) or not path:
        return f"{link['mark']}[{text}]({link['target']})"
    there = posixpath.normpath(posixpath.join(posixpath.dirname(place), path))
    if (ROOT / there / "README.md").exists():
        there += "/README.md"
    name = _ELSEWHERE.get(there, there.removeprefix("docs/"))
    if files.get_file_from_path(name) is None or (not there.startswith("docs/") and there not in _ELSEWHERE):
        return text
    return f"{link['mark']}[{text}]({posixpath.relpath(name, posixpath.dirname(here) or '.')}{hash_}{anchor})"


def _reference(name: str) -> str:
    """Return the page of a package: each name of its ``__all__``; what another package defines is shown there."""
    package = importlib.import_module(name.replace("-", "_"))
    lines = [f"# {name}", "", str(package.__doc__), ""]
    for public in sorted({*package.__all__} - {"__version__"}, key=str.lower):
        home = str(getattr(getattr(package, public), "__module__", package.__name__)).partition(".")[0]
        lines += [f"## {public}", ""]
        if home != package.__name__ and home.replace("_", "-") in _PARTS:
            lines += [f"See [{home}.{public}]({home.replace('_', '-')}.md#{public.lower()}).", ""]
        else:
            lines += [f"::: {package.__name__}.{public}", "    options:", "      heading_level: 3", ""]
    return "\n".join(lines)


def _command() -> str:
    """Return what the command says of itself and of each of its commands."""

    def help_of(*words: str) -> str:
        command = [sys.executable, "-m", "pyperunner_cli", *words, "--help"]
        wide = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
        return subprocess.run(command, env=wide, check=True, capture_output=True, text=True).stdout

    whole = help_of()
    lines = ["# The command", "", "```text", whole.rstrip(), "```", ""]
    for command in re.findall(r"^    ([a-z]+) ", whole, re.MULTILINE):
        lines += [f"## pyperunner {command}", "", "```text", help_of(command).rstrip(), "```", ""]
    return "\n".join(lines)
