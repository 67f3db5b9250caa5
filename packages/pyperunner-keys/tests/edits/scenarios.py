"""Reads the edit scenarios; see the README beside."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Scenario", "read_scenarios"]


@dataclass
class Scenario:
    """Files of a project before and after an edit, and whether what the code returns changes."""

    name: str
    flags: list[str]
    files: dict[str, list[str]] = field(default_factory=dict)

    def write(self, folder: Path, mark: str) -> Path:
        """Write the files as they are on one side: lines marked ``-|`` are from before the edit, ``+|`` from after."""
        for path, lines in self.files.items():
            kept = [line[2:] if line[1:2] == "|" else line for line in lines if line[1:2] != "|" or line[0] == mark]
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("\n".join(kept) + "\n")
        return folder


def read_scenarios() -> list[Scenario]:
    """Return every scenario of the text files in this folder."""
    found: list[Scenario] = []
    for file in sorted(Path(__file__).parent.glob("*.txt")):
        for line in file.read_text().splitlines():
            head = re.fullmatch(r"== (.*) \[(.*)\]", line)
            if head:
                found.append(Scenario(f"{file.stem}: {head[1]}", head[2].split(", ")))
            elif line.startswith("-- "):
                lines = found[-1].files.setdefault(line[3:], [])
            elif found and found[-1].files:
                lines.append(line)
    return found
