"""Code of tasks: its fingerprint, the options that say what of it counts, and the files that are yet to be loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_dag.identity.seeds import program_seeds
from pyperunner_dag.options import NO_OPTIONS, Options, code_options
from pyperunner_dag.run_method import method_of

if TYPE_CHECKING:
    from pyperunner_dag.schema import Plain
    from pyperunner_keys import Fingerprint, Snapshot

__all__ = ["CodeReader", "counted_options", "unloaded_sources"]


class CodeReader:
    """Fingerprints the code of Task classes as it is now.

    In one pass everything is looked at once; what an earlier pass has read is read again only where it has changed.
    """

    def __init__(self) -> None:
        from pyperunner_keys import Fingerprinter

        self._fingerprinter = Fingerprinter()
        self._answered: dict[int, bool] = {}
        self._known: dict[tuple[object, ...], Snapshot] = {}
        self._same: dict[tuple[object, ...], Snapshot] = {}
        self._unloaded: dict[str, tuple[str, ...]] = {}

    @cached_property
    def seeds(self) -> dict[str, int | str]:
        """See ``program_seeds``; not asked while a task runs, whose own seeds these would be."""
        return program_seeds()

    @cached_property
    def _loaded(self) -> set[str]:
        """Files that the loaded modules come from; they are many, and asked for once."""
        return _files_of_modules()

    def snapshot(self, cls: type, options: Options, defaults: Options | None) -> Snapshot:
        """Return the fingerprint of the code of a Task class, with what it was read from.

        Args:
            cls: The class.
            options: Options of the task.
            defaults: What counts where those do not say so.
        """
        # Tasks of one class mostly have the same options; these live as long as the tasks do.
        same = (cls, id(options), id(defaults))
        found = self._same.get(same)
        if found is None:
            found = self._same[same] = self._look_up(cls, code_options(options, defaults))
        return found

    def _look_up(self, cls: type, options: Options) -> Snapshot:
        # What options depend on may be anything, so it counts by its identity.
        which = (options.code, options.version, options.ignore, options.packages, *map(id, options.depends))
        method = method_of(cls)
        key = (method, cls, *which)
        if key not in self._known:
            kept = method.codes.get((cls, *which))
            if kept is None or not kept.holds(self._answered):
                kept = method.codes[(cls, *which)] = self._read(cls, options)
            self._known[key] = kept
        return self._known[key]

    def _read(self, cls: type, options: Options) -> Snapshot:
        method = method_of(cls)
        # An inherited run reaches what the task's own class overrides.
        classes = (cls,) if method.takes_self and options.code in (None, "deep") else ()
        return self._fingerprinter.snapshot(
            method.function,
            code=options.code or "deep",
            version=options.version or "",
            ignore=options.ignore,
            depends=(*classes, *options.depends),
            packages=options.packages or "none",
        )

    def unloaded(self, code: Fingerprint) -> tuple[str, ...]:
        """Return those source files of some code that no loaded module comes from: a task's process will load them."""
        if code.digest not in self._unloaded:
            self._unloaded[code.digest] = _without(code.modules, self._loaded) if code.modules else ()
        return self._unloaded[code.digest]


def unloaded_sources(sources: Iterable[str]) -> tuple[str, ...]:
    """Return those source files that no module of this process was loaded from.

    Args:
        sources: Absolute paths.
    """
    return _without(sources, _files_of_modules())


def _without(sources: Iterable[str], files: set[str]) -> tuple[str, ...]:
    missing = [path for path in sources if path not in files]
    if missing:
        loaded = {str(Path(file).absolute()) for file in files}
        missing = [path for path in missing if path not in loaded]
    return tuple(missing)


def _files_of_modules() -> set[str]:
    # A module is not asked: a __getattr__ of its own might answer.
    held = (getattr(module, "__dict__", {}).get("__file__") for module in list(sys.modules.values()))
    return {file for file in held if isinstance(file, str)}


def counted_options(options: Options, defaults: Options | None) -> dict[str, Plain]:
    """Return what options say of the code and counts as it is, in builtins; none where they say nothing."""
    found = code_options(options, defaults)
    if found is NO_OPTIONS:
        return {}
    said = found.said()
    # What depends names is among the parts of the code.
    counted: dict[str, Plain] = {name: said[name] for name in ("code", "version", "packages") if name in said}
    return {**counted, "ignore": list(said["ignore"])} if "ignore" in said else counted
