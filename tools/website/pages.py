"""Pages of the site that do not lie in docs: those of the packages, those of the root, the notebook, and the reference.

Called by MkDocs while it builds; ``mkdocs.yml`` names this file. Pages are written for a reader of the repository, so
links to files that the site does not have lose their target, and keep their text.
"""

from __future__ import annotations

import argparse
import importlib
import json
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

from pyperunner_text.errors import FactError

ROOT = Path(__file__).resolve().parents[2]

_PARTS = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
_ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changes.md",
    "CONTRIBUTING.md": "contributing.md",
    "docs/examples/notebook.ipynb": "tutorials/notebook.md",
    **{f"packages/{name}/README.md": f"parts/{name}.md" for name in _PARTS},
}
"""Pages of the repository that are not in docs, and where they are on the site."""

_PUBLIC = ROOT / "tests" / "data" / "public_names.txt"
"""A line for each public name: module, name, and what it takes."""

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
        text = (ROOT / place).read_text(encoding="utf-8")
        content = _notebook(text) if place.endswith(".ipynb") else text
        files.append(File.generated(config, name, content=content))
    for name in _PARTS:
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
    """Return the page of a package: each name of its public modules; what another package defines is shown there."""
    package = importlib.import_module(name.replace("-", "_"))
    lines = [f"# {name}", "", str(package.__doc__), ""]
    for module, names in _public_names(package.__name__).items():
        level = 2 if module == package.__name__ else 3
        place = getattr(
            sys.modules.get(module), "_home", module
        )  # where its text is, if it stays known by a former name
        if level == 3:
            lines += [f"## {module}", "", f"::: {place}", "    options: {members: [], heading_level: 3}", ""]
        for public in names:
            value = _value_of(module, public)
            home = str(getattr(value, "__module__", None) or module).partition(".")[0]
            lines += [f"{'#' * level} {public}", "", f'<span id="{module}.{public}"></span>', ""]
            if home == package.__name__ or home.replace("_", "-") not in _PARTS:
                options = f"{{heading_level: {level + 1}, inherited_members: {_inherited(value)}}}"
                lines += [f"::: {place}.{public}", f"    options: {options}", ""]
            else:
                lines += [f"See [{home}.{public}]({home.replace('_', '-')}.md#{public.lower()}).", ""]
    return "\n".join(lines)


def _inherited(value: object) -> str:
    """Say what a class shows of what it inherits: all, but of an error no more than every error has."""
    if not isinstance(value, type) or not issubclass(value, FactError):
        return "true"
    own = [name for name in dir(value) if not name.startswith("_") and not hasattr(FactError, name)]
    return f"[{', '.join(name for name in own if callable(getattr(value, name)))}]"


def _value_of(module: str, public: str) -> object:
    """Return what a public name stands for, or ``None`` where its module takes a library that is not here."""
    try:
        return getattr(importlib.import_module(module), public)
    except ImportError:
        return None


def _public_names(package: str) -> dict[str, list[str]]:
    """Return the names of each public module of a package, the package itself first."""
    listed = {line.partition("(")[0] for line in _PUBLIC.read_text(encoding="utf-8").splitlines()}
    listed = {name for name in listed if not name.endswith("__version__")}
    found: dict[str, list[str]] = {package: []}
    for module, _, name in sorted(
        (line.rpartition(".") for line in listed), key=lambda parts: [*map(str.lower, parts)]
    ):
        if re.match(rf"{package}\b", module) and _is_module(module):
            found.setdefault(module, []).append(name)
    return found


def _is_module(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        return error.name != name and not name.startswith(f"{error.name}.")  # it takes a library that is not here
    return True


def _command() -> str:
    """Return what the command says of itself, of each of its commands, and of their actions."""
    from pyperunner_cli.registry import COMMANDS

    def help_of(*words: str) -> str:
        command = [sys.executable, "-m", "pyperunner_cli", *words, "--help"]
        wide = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
        return subprocess.run(command, env=wide, check=True, capture_output=True, text=True).stdout

    lines = ["# The command", "", "```text", help_of().rstrip(), "```", ""]
    for name, command in COMMANDS.items():
        lines += [f"## pyperunner {name}", "", "```text", help_of(name).rstrip(), "```", ""]
        parser = argparse.ArgumentParser()
        command.load().configure(parser)
        below = [each.choices for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
        for action in (action for choices in below for action in choices):
            lines += [f"### pyperunner {name} {action}", "", "```text", help_of(name, action).rstrip(), "```", ""]
    return "\n".join(lines)


def _notebook(book: str) -> str:
    """Return a notebook as a page."""
    lines = []
    for cell in json.loads(book)["cells"]:
        text = "".join(cell["source"]).rstrip()
        lines += [text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```", ""]
    return "\n".join(lines)
