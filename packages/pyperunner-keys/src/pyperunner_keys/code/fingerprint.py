"""Fingerprints of code: what a function, class or any other value is made of, as far as that can be known."""

from __future__ import annotations

import fnmatch
import functools
import sys
import types
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any, Literal

from pyperunner_keys.code.builder import PartBuilder
from pyperunner_keys.code.cached import cached_property
from pyperunner_keys.code.following.import_effects import import_effects
from pyperunner_keys.code.graph import Part, Slot, full_digests, names_of_part, reachable, source_of_part
from pyperunner_keys.code.kinds import is_own_code
from pyperunner_keys.code.places import Place, pack_places
from pyperunner_keys.code.reads import Reads
from pyperunner_keys.encoding.objects import is_code
from pyperunner_keys.encoding.plain import digest_plain
from pyperunner_keys.errors import FingerprintGapError
from pyperunner_keys.names import importable_name
from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["Fingerprint", "Fingerprinter", "Snapshot", "fingerprint"]

Code = Literal["deep", "own", "off"]
Packages = Literal["none", "version"]

Traits = dict[str, set[str]]
"""Digests by the names of what they are of."""

FORMAT = "pyperunner/code/2"


@light_dataclass(frozen=True)
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

    @cached_property
    def sources(self) -> dict[str, str]:
        """Source text of each part, where it is known."""
        return {name: place.source for name, place in self.places.items() if place.source}

    @cached_property
    def packed(self) -> str:
        """The places as compressed text, to be kept beside what the code made; ``unpack_places`` reads it."""
        return pack_places(self.places, [self.root] if self.root else [])


Fingerprint.__module__ = "pyperunner_keys._fingerprint"  # under which keys and stored pickles know it


class Snapshot:
    """A fingerprint with what it was read from, which says whether it is that of the code and values as they are now.

    Args:
        fingerprint: The fingerprint.
        reads: What it was read from; held, so that no identity is given to something else.
    """

    def __init__(self, fingerprint: Fingerprint, reads: Reads, parts: Iterable[Part]) -> None:
        self.fingerprint = fingerprint
        self._reads = reads
        self._parts = parts

    def holds(self, answered: dict[int, bool] | None = None) -> bool:
        """Say whether nothing that was read has changed; ``False`` where that is not sure.

        Args:
            answered: Shared by the snapshots that are looked at in one pass, so that each thing is digested once.
        """
        return self._reads.hold({} if answered is None else answered)

    def changes_since(self, before: Snapshot) -> list[str]:
        """Return the names of the parts that are not what they were in an earlier one; none where it is the same."""
        was, now = before.fingerprint, self.fingerprint
        if was.digest == now.digest:
            return []
        names = {**was.parts, **now.parts}
        return sorted(name for name in names if was.parts.get(name) != now.parts.get(name)) or [now.root]

    @cached_property
    def texts(self) -> dict[str, str]:
        """Digests of what was read as text because no module was loaded from it, by the names of the modules."""
        subjects = (part.subject for part in self._parts if isinstance(part.subject, tuple))
        return {subject[0]: subject[1].digest for subject in subjects if isinstance(subject[0], str)}

    @cached_property
    def traits(self) -> Traits:
        """Digests of the parts that are found by their names and not sent along, to compare two processes by."""
        found: Traits = {}
        for part in self._parts:
            source = source_of_part(part)
            if source:
                found.setdefault(f"{source} {part.name}", set()).add(part.local)
        return found

    def agrees_with(self, traits: Traits) -> bool:
        """Say whether what both this process and another one have found by its name is the same.

        Args:
            traits: Those of the other one, from where this code has come.
        """
        return not self.differences(traits)

    def differences(self, traits: Traits) -> list[str]:
        """Return the names of the parts in which this process differs from another one."""
        here = self.traits
        return sorted(name.partition(" ")[2] for name in here.keys() & traits.keys() if not here[name] <= traits[name])


class Fingerprinter:
    """Makes fingerprints that share what they read: every value counts as it was when it was first met.

    Make one for each pass over a pipeline, and another for the next pass.
    """

    def __init__(self) -> None:
        self._builders: dict[tuple[bool, frozenset[Slot]], PartBuilder] = {}
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
        found = self.snapshot(
            obj, code=code, version=version, ignore=ignore, depends=depends, packages=packages
        ).fingerprint
        if strict and found.gaps:
            raise FingerprintGapError(getattr(obj, "__qualname__", repr(type(obj))), found.gaps)
        return found

    def snapshot(
        self,
        obj: Any,
        *,
        code: Code = "deep",
        version: str = "",
        ignore: Iterable[str] = (),
        depends: Iterable[Any] = (),
        packages: Packages = "none",
    ) -> Snapshot:
        """Return the same as ``fingerprint``, with what it was read from."""
        ignored, depends = tuple(sorted(ignore)), tuple(depends)
        reads, changed, kept = Reads(), frozenset[Slot](), frozenset[Slot]()
        while True:
            builder = self._builder(code != "own", changed)
            roots = [] if code == "off" else _roots(builder, obj, reads)
            roots += [_root(builder, item) for item in depends]
            leave_out = _matcher(ignored, [*roots])
            if code == "deep":
                roots += _import_effects(builder, roots, reads)
            # What the code changes is not even looked at, unless it is only by what it holds that the code is reached.
            for constants in (False, True):
                builder.settle(constants)
                parts = reachable(roots, leave_out)
                found = frozenset[Slot]().union(*(part.changed for part in parts)) - kept
                if found - changed:
                    changed |= found
                    break
            else:
                if found == changed:
                    break
                kept |= changed - found
                changed = found
        known = self._known.setdefault((code, ignored), {})
        full_digests(roots, leave_out, known)
        salt = [FORMAT, code, version]
        name = "" if code == "off" else roots[0].name
        digests = [known[root] for root in roots]
        return Snapshot(
            _describe(parts, name, digests, salt, _versions(parts, packages)),
            Reads.together([reads, *(part.reads for part in parts)]),
            parts,
        )

    def _builder(self, deep: bool, changed: frozenset[Slot]) -> PartBuilder:
        known = self._builders.get((deep, changed))
        if known is None:
            known = self._builders[deep, changed] = PartBuilder(deep, changed)
        return known


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


def _roots(builder: PartBuilder, obj: Any, reads: Reads) -> list[Part]:
    """Return the part of some code; with a method comes its class, for the method can use all of it by ``self``."""
    found = [_root(builder, obj)]
    owner = _owner(obj) if builder.deep else None
    if builder.deep and "." in getattr(obj, "__qualname__", ""):
        reads.answer(functools.partial(_owner, obj), owner)
    return [*found, builder.part(owner)] if owner is not None else found


def _import_effects(builder: PartBuilder, roots: list[Part], reads: Reads) -> list[Part]:
    """Return the parts of what the modules of some code, and those that they import, do to installed packages."""
    found: dict[Part, None] = {}
    for root in roots:
        names = names_of_part(root)
        if names:
            effects = import_effects(builder, reads, str(names.get("__name__", "")), names)
            found.update((part, None) for _, part in effects)
    return [*found]


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
