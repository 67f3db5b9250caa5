"""Fingerprints of code: what a function, class or any other value is made of, as far as that can be known."""

from __future__ import annotations

import fnmatch
import functools
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from pyperunner_keys.code.builder import PartBuilder
from pyperunner_keys.code.graph import Part, full_digests, reachable
from pyperunner_keys.code.kinds import is_own_code
from pyperunner_keys.code.places import Place, pack_places
from pyperunner_keys.encoding.objects import is_code
from pyperunner_keys.encoding.plain import digest_plain
from pyperunner_keys.errors import FingerprintGapError
from pyperunner_keys.names import importable_name

__all__ = ["Fingerprint", "Fingerprinter", "fingerprint"]

Code = Literal["deep", "own", "off"]
Packages = Literal["none", "version"]

FORMAT = "pyperunner/code/1"


@dataclass(frozen=True)
class Fingerprint:
    """What some code is made of.

    Args:
        digest: 32 hex digits that change when any part of the code does.
        parts: Digest of each part's own content by its name, such as ``"features.clean"``.
        gaps: What could not be followed, with the reason, by a name for it.
        modules: Digest of each source file that was read, by its path (``digest_bytes`` of its content). It is that of
            the byte code where Python took that of another text, and empty where the text is not what was loaded.
        places: What each part is, where it stands, and its source text.
        root: Name of the part of the code that the fingerprint is of; empty where code does not count.
        versions: Version of each installed package that counts, and of Python; empty with ``packages="none"``.
    """

    digest: str
    parts: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    root: str = ""

    @functools.cached_property
    def sources(self) -> dict[str, str]:
        """Source text of each part, where it is known."""
        return {name: place.source for name, place in self.places.items() if place.source}

    @functools.cached_property
    def packed(self) -> str:
        """The places as compressed text, to be kept beside what the code made; ``unpack_places`` reads it."""
        return pack_places(self.places, [self.root] if self.root else [])


Fingerprint.__module__ = "pyperunner_keys._fingerprint"  # under which keys and stored pickles know it


class Fingerprinter:
    """Makes fingerprints that share what they read: every value counts as it was when it was first met.

    Make one for each pass over a pipeline, and another for the next pass.
    """

    def __init__(self) -> None:
        self._builders: dict[str, PartBuilder] = {}
        self._known: dict[tuple[str, tuple[str, ...]], dict[Part, str]] = {}

    def fingerprint(
        self,
        obj: Any,
        *,
        code: Code = "deep",
        version: str = "",
        ignore: Iterable[str] = (),
        depends: Iterable[Any] = (),
        packages: Packages = "none",
        strict: bool = False,
    ) -> Fingerprint:
        """Return the fingerprint of a function, class, partial or any other value that holds code.

        Args:
            obj: What to describe.
            code: ``"deep"``: the code and all of the user's own project that it can reach; ``"own"``: the code itself
                with its defaults and closure; ``"off"``: nothing but ``version`` and ``depends``.
            version: Text that counts as it is; a new one makes a new fingerprint.
            ignore: Names of parts that do not count: full (``"features.clean"``), the end of a name (``"clean"``), or
                a pattern (``"features.*"``).
            depends: Further code and values that count although the code does not show that it uses them.
            packages: ``"version"``: the versions of the installed packages that the code uses count, and Python's.
            strict: Whether gaps are an error.

        Raises:
            FingerprintGapError: There are gaps, and ``strict`` is true.
        """
        ignored = tuple(sorted(ignore))
        builder = self._builders.setdefault("own" if code == "own" else "deep", PartBuilder(deep=code != "own"))
        roots = [] if code == "off" else _roots(builder, obj)
        roots += [_root(builder, item) for item in depends]
        builder.settle()
        leave_out = _matcher(ignored, roots)
        known = self._known.setdefault((code, ignored), {})
        full_digests(roots, leave_out, known)
        parts = reachable(roots, leave_out)
        salt = [FORMAT, code, version]
        name = "" if code == "off" else roots[0].name
        found = _describe(parts, name, [known[root] for root in roots], salt, _versions(parts, packages))
        if strict and found.gaps:
            raise FingerprintGapError(getattr(obj, "__qualname__", repr(type(obj))), found.gaps)
        return found


def fingerprint(
    obj: Any,
    *,
    code: Code = "deep",
    version: str = "",
    ignore: Iterable[str] = (),
    depends: Iterable[Any] = (),
    packages: Packages = "none",
    strict: bool = False,
) -> Fingerprint:
    """Return the fingerprint of a function, class, partial or any other value that holds code, read now.

    See ``Fingerprinter.fingerprint`` for arguments and errors; a ``Fingerprinter`` is faster for many functions.
    """
    return Fingerprinter().fingerprint(
        obj, code=code, version=version, ignore=ignore, depends=depends, packages=packages, strict=strict
    )


def _root(builder: PartBuilder, obj: Any) -> Part:
    if is_own_code(obj):
        return builder.part(obj)
    named = obj if is_code(obj) and hasattr(obj, "__qualname__") else type(obj)
    module = importable_name(getattr(named, "__module__", None) or "builtins")
    return builder.value(obj, f"{module}.{named.__qualname__}")


def _roots(builder: PartBuilder, obj: Any) -> list[Part]:
    """Return the part of some code; with a method comes its class, for the method can use all of it by ``self``."""
    found = [_root(builder, obj)]
    owner = _owner(obj) if builder.deep else None
    return [*found, builder.part(owner)] if owner is not None else found


def _owner(obj: Any) -> type[object] | None:
    """Return the class that a plain function was defined in, if it can be found and still holds it."""
    if not isinstance(obj, types.FunctionType) or not is_own_code(obj):
        return None
    *path, name = obj.__qualname__.split(".")
    owner: Any = sys.modules.get(obj.__module__)
    for step in path:
        owner = getattr(owner, step, None)
    if not path or not isinstance(owner, type) or not is_own_code(owner):
        return None
    held = vars(owner).get(name)
    while held is not None and held is not obj:
        held = getattr(held, "__wrapped__", None)
    return owner if held is obj else None


def _matcher(ignored: tuple[str, ...], roots: list[Part]) -> Callable[[Part], bool]:
    if not ignored:
        return lambda part: False

    @functools.cache
    def matches(name: str) -> bool:
        return any(name == one or name.endswith(f".{one}") or fnmatch.fnmatchcase(name, one) for one in ignored)

    return lambda part: matches(part.name) and part not in roots


def _describe(
    parts: list[Part], root: str, digests: list[str], salt: list[str], versions: dict[str, str]
) -> Fingerprint:
    found = Fingerprint(digest_plain([*salt, versions, digests]), root=root, versions=versions)
    for part in sorted(parts, key=lambda item: (item.name, item.local)):
        name, count = part.name, 1
        while found.parts.get(name, part.local) != part.local:
            count += 1
            name = f"{part.name}#{count}"
        found.parts[name] = part.local
        found.places[name] = part.place
        if part.gaps:
            found.gaps.update(part.gaps)
        for path, text in part.files.items():
            if found.modules.setdefault(path, text) != text:
                found.modules[path] = ""  # it was edited while it was read
    return found


def _versions(parts: list[Part], packages: Packages) -> dict[str, str]:
    if packages == "none":
        return {}
    from pyperunner_keys.code.packages import versions_of

    return versions_of({name for part in parts for name in part.packages})
