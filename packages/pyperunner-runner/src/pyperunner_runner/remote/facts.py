"""Facts of an interpreter, and what may not differ between the runner's and that of a worker."""

from __future__ import annotations

import importlib.util
import platform
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pyperunner_text import __version__

__all__ = ["differences", "facts", "lacking_packages", "remarks"]


def facts() -> dict[str, Any]:
    """Return what a runner must know of an interpreter before it can speak with it, in builtins."""
    return {
        "pyperunner": __version__,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "implementation": sys.implementation.name,
        "platform": f"{platform.system()} {platform.machine()}",
        "host": socket.gethostname(),
        "executable": sys.executable,
    }


def differences(here: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    """Yield what must be the same on both sides and is not, each with what to do about it."""
    for fact, name in (("pyperunner", "pyperunner"), ("python", "Python"), ("implementation", "the kind of Python")):
        if here[fact] != there.get(fact):
            yield (
                f"{name} is {there.get(fact)} there ({there.get('executable')}) and {here[fact]} here; "
                "start the workers from an environment like this one"
            )


def remarks(here: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[str]:
    """Yield what differs and may do so."""
    if here["platform"] != there.get("platform"):
        yield f"its platform is {there.get('platform')}, and {here['platform']} here: outputs may differ"


def lacking_packages(packages: Mapping[str, tuple[str, str, bool]]) -> tuple[list[str], list[str]]:
    """Return the problems and the remarks that there are about packages here.

    Args:
        packages: By the name of import the name of the distribution and the version, as the runner has them, and
            whether tasks need it.
    """
    problems, said = [], []
    for name, (distribution, version, needed) in packages.items():
        found = _version(distribution)
        if found is None and needed and importlib.util.find_spec(name) is None:
            problems.append(f"{distribution} is not installed there; install {distribution}=={version}")
        elif found is not None and found != version:
            said.append(f"it has {distribution} {found}, and the runner {version}")
    return problems, said


def _version(distribution: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
