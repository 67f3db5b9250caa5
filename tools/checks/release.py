"""A release: the distributions of all packages, built, looked at, and in the order in which they are uploaded."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
import zipfile
from collections.abc import Mapping
from email.parser import HeaderParser
from graphlib import TopologicalSorter
from pathlib import Path

from checks.environment import ROOT
from checks.process import install
from checks.wheels import DIST

__all__ = ["Flaw", "build_release", "flaws_of", "named_in", "upload_order"]

_VERSION = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
_REQUIRED = re.compile(r"^(pyperunner[a-z-]*)(?:\[[a-z,]*\])?(==[^ ;]+)?")
_HEADERS = ("Summary", "License-Expression", "Requires-Python", "Description-Content-Type")


class Flaw(Exception):
    """What keeps a release back; the text says what to do."""


def build_release(uv: str, *, draft: bool = False) -> str:
    """Build all distributions into ``DIST`` and return what there is to say of them.

    Args:
        uv: Path of uv.
        draft: Whether the changelog need not name the version yet.

    Raises:
        Flaw: Something is not as it must be.
    """
    [version] = _VERSION.findall((ROOT / "packages/pyperunner-text/src/pyperunner_text/__init__.py").read_text())
    if not draft and not named_in((ROOT / "CHANGELOG.md").read_text(), version):
        raise Flaw(f"CHANGELOG.md has no section '## {version}'. Give 'Unreleased' that name, or take --draft.")
    shutil.rmtree(DIST, ignore_errors=True)
    built = install([uv, "build", "--quiet", "--all-packages", "--no-sources", "--out-dir", DIST])
    if built.code:
        raise Flaw(f"$ {built.command}\n{built.output}")
    wheels = {wheel.name.partition("-")[0].replace("_", "-"): wheel for wheel in sorted(DIST.glob("*.whl"))}
    sources = {name: DIST / f"{wheel.name.split('-')[0]}-{version}.tar.gz" for name, wheel in wheels.items()}
    requirements: dict[str, dict[str, str]] = {}
    flaws: list[str] = []
    for name, wheel in wheels.items():
        found, requirements[name] = flaws_of(wheel, sources[name], version)
        flaws += [f"{wheel.name}: {flaw}" for flaw in found]
    checked = install([uv, "tool", "run", "--quiet", "twine", "check", "--strict", *wheels.values(), *sources.values()])
    if checked.code:
        flaws.append(checked.output)
    if flaws:
        raise Flaw("\n".join(flaws))
    order = upload_order(requirements)
    lines = [_described(file) for name in order for file in (wheels[name], sources[name])]
    names = " ".join(f"dist/{file.name}" for name in order for file in (wheels[name], sources[name]))
    heading = f"pyperunner {version}: {len(order)} distributions, in the order of their dependencies"
    rest = "Try them with python3 tools/install, then upload them, which is for a person to do:"
    return "\n".join([heading, *lines, rest, f"  uv publish {names}"])


def named_in(changelog: str, version: str) -> bool:
    """Say whether a changelog has a section of a version."""
    return re.search(rf"^## {re.escape(version)}(?:\s|$)", changelog, re.MULTILINE) is not None


def flaws_of(wheel: Path, source: Path, version: str) -> tuple[list[str], dict[str, str]]:
    """Return what is wrong with the distributions of one package, and which others it requires, in what version.

    Args:
        wheel: Path of the wheel.
        source: Path of the source distribution.
        version: The version that all have.
    """
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        [place] = (name for name in files if name.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(place).decode())
    required = {
        match[1]: match[2] or ""
        for text in metadata.get_all("Requires-Dist", [])
        if (match := _REQUIRED.match(text)) and "extra ==" not in text
    }
    flaws = [f"its metadata has no {header}" for header in _HEADERS if not metadata[header]]
    if metadata["Version"] != version:
        flaws.append(f"its version is {metadata['Version']}, not {version}")
    flaws += [
        f"it requires {name}{of}, not {version}; run python3 tools/pin"
        for name, of in required.items()
        if of != f"=={version}"
    ]
    for needed in ("py.typed", "LICENSE"):
        if not any(name.endswith(f"/{needed}") for name in files):
            flaws.append(f"it has no {needed}")
    if not source.exists():
        return [*flaws, "there is no source distribution beside it"], required
    with tarfile.open(source) as archive:
        inside = {name.partition("/src/")[2] for name in archive.getnames()}
    flaws += [
        f"{name} is not in the source distribution"
        for name in files
        if ".dist-info/" not in name and name not in inside
    ]
    return flaws, required


def upload_order(requirements: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the names of distributions so that each comes after those that it requires, else by name."""
    sorter = TopologicalSorter({name: sorted(required) for name, required in sorted(requirements.items())})
    return list(sorter.static_order())


def _described(file: Path) -> str:
    data = file.read_bytes()
    return f"  {file.name:<50} {len(data):>9,} bytes  sha256 {hashlib.sha256(data).hexdigest()}"
