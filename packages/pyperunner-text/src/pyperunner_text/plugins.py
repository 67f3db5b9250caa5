"""Plug-ins by group and name, from the entry points of what is installed.

``importlib.metadata`` does the same, and its import alone costs more than all else that a run with nothing to do takes
(60 of 150 ms): this reads ``entry_points.txt`` where installers put it, and leaves to the library what it alone can
read, such as packages in a zip file.

Source: https://packaging.python.org/en/latest/specifications/entry-points/
"""

from __future__ import annotations

import importlib
import os
import sys
from functools import lru_cache, reduce

from pyperunner_text.errors import FactError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["BrokenPlugin", "Plugin", "UnknownPlugin", "find_plugin", "find_store", "plugin_names", "plugins"]

_STORES, _BACKENDS = "pyperunner.stores", "pyperunner.backends"


class UnknownPlugin(FactError, LookupError):
    """Nothing that is installed has a plug-in of this name."""

    group: str
    name: str
    known: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        return f"no plug-in {self.name!r} in the group {self.group!r}; known: {', '.join(self.known) or 'none'}"


class BrokenPlugin(FactError, ImportError):
    """A plug-in is registered (as ``target``, by ``package``) but cannot be loaded."""

    group: str
    name: str
    target: str
    package: str
    problem: str
    template = "the plug-in {name!r} of {group} ({target}, from {package}) does not load: {problem}"


class Plugin:
    """A plug-in as it is registered.

    Args:
        group: Its group, such as ``pyperunner.stores``.
        name: Its name there.
        target: Where it is, as ``module:attribute``.
        package: The distribution that brings it.
    """

    def __init__(self, group: str, name: str, target: str, package: str) -> None:
        self.group = group
        self.name = name
        self.target = target
        self.package = package

    def load(self) -> Any:
        """Import it.

        Raises:
            BrokenPlugin: It does not import; the cause is chained.
        """
        module, _, attribute = self.target.partition("[")[0].replace(" ", "").partition(":")
        try:
            return reduce(getattr, filter(None, attribute.split(".")), importlib.import_module(module))
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            raise BrokenPlugin(self.group, self.name, self.target, self.package, problem) from error


def plugins(group: str) -> list[Plugin]:
    """Return all plug-ins of a group, in the order of ``sys.path``; a name may be there more than once."""
    try:
        return list(_read(group))
    except NotADirectoryError:  # a zip file on the path
        from importlib.metadata import entry_points

        found = entry_points(group=group)
        return [Plugin(group, at.name, at.value, at.dist.name if at.dist else "an unknown one") for at in found]


def plugin_names(group: str) -> list[str]:
    """Return the names of all plug-ins of a group, sorted."""
    return sorted({plugin.name for plugin in plugins(group)})


def find_plugin(group: str, name: str) -> Any:
    """Return the plug-in of that name, imported; where there are several, the first on ``sys.path``.

    What was found is remembered for the same ``sys.path``; what was not is looked for anew, as it may be installed.

    Raises:
        UnknownPlugin: There is none; the error lists those that there are.
        BrokenPlugin: It does not import.
    """
    return _found(group, name, tuple(sys.path))


def find_store(scheme: str) -> Any:
    """Return what opens stores at URLs of a scheme: a plug-in of ``pyperunner.stores``, imported.

    A scheme of a backend (``pyperunner.backends``) needs no entry of its own there: what opens folders opens it, too.

    Raises:
        UnknownPlugin: There is none; the error lists the schemes that there are.
        BrokenPlugin: It does not import.
    """
    return _found_store(scheme, tuple(sys.path))


@lru_cache(maxsize=64)
def _found_store(scheme: str, path: tuple[str, ...]) -> Any:
    try:
        return _found(_STORES, scheme, path)
    except UnknownPlugin as error:
        backends = plugin_names(_BACKENDS) if "file" in error.known else []
        if scheme in backends:
            return _found(_STORES, "file", path)
        raise UnknownPlugin(_STORES, scheme, tuple(sorted({*error.known, *backends}))) from None


@lru_cache(maxsize=64)
def _found(group: str, name: str, _path: tuple[str, ...]) -> Any:
    for plugin in plugins(group):
        if plugin.name == name:
            return plugin.load()
    raise UnknownPlugin(group, name, tuple(plugin_names(group)))


def _read(group: str) -> Iterator[Plugin]:
    """Yield what the folders on ``sys.path`` announce.

    Raises:
        NotADirectoryError: Something on the path is a file.
    """
    seen = set()
    for folder in sys.path:
        try:
            entries = sorted(os.listdir(folder or "."))
        except (FileNotFoundError, PermissionError):
            continue
        for entry in entries:
            if not entry.endswith((".dist-info", ".egg-info")):
                continue
            package = entry.partition("-")[0].removesuffix(".egg-info")
            # The first of two installations of a distribution counts, as it does for imports.
            if (known := package.lower().replace("_", "-").replace(".", "-")) in seen:
                continue
            seen.add(known)
            try:
                with open(os.path.join(folder, entry, "entry_points.txt"), encoding="utf-8") as file:
                    section = f"\n{file.read()}".partition(f"\n[{group}]")[2].partition("\n[")[0]
            except (OSError, ValueError):
                continue
            for line in section.splitlines():
                name, mark, target = line.partition("=")
                if mark and not name.lstrip().startswith("#"):
                    yield Plugin(group, name.strip(), target.strip(), package.replace("_", "-"))
