"""The graph of parts that some code is made of, and digests over it that do not depend on where one enters it.

Each part has a digest of its own content, in which other parts appear only as labels. The digest of a part with all it
reaches is taken over the components of the graph, those without a cycle from the leaves up. Within a cycle the digests
are refined round by round until no two parts fall apart any more (partition refinement, as for minimal automata), so
that parts are told apart by what they are and reach, never by their names or the order in which they were found.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeAlias

import xxhash

from pyperunner_keys.code.cached import cached_property
from pyperunner_keys.code.kinds import is_held
from pyperunner_keys.code.places import Place
from pyperunner_keys.code.reads import Reads
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from pyperunner_keys.project import Names

__all__ = ["Part", "Slot", "full_digests", "names_of_part", "reachable", "source_of_part"]

Slot: TypeAlias = "tuple[int, str]"
"""A place that holds a value: the identity of a namespace or class, and the name in it."""

_KINDS = {types.FunctionType: "function", type: "class", types.ModuleType: "module"}
_DEFINES = {"def": "function", "async": "function", "@": "function", "class": "class"}


@light_dataclass(eq=False)
class Part:
    """One function, class, module or constant.

    Args:
        name: Module and qualified name.
        subject: What it describes; held, so that its identity stays taken.
    """

    name: str
    subject: Any = None
    local: str = ""
    """Digest of its own content."""
    edges: list[tuple[str, Part]] = field(default_factory=list)
    """Other parts, by the label that stands for them in the content."""
    gaps: dict[str, str] = field(default_factory=dict)
    """What could not be followed, with the reason."""
    packages: set[str] = field(default_factory=set)
    """Top-level packages that are not the user's own."""
    text: Callable[[], str] = str
    """Makes the source text."""
    files: dict[str, str] = field(default_factory=dict)
    """Files that it was read from, and the digests of their bytes."""
    module: str = ""
    """Importable name of its module, where its text is known."""
    reads: Reads = field(default_factory=Reads)
    """What was looked at to fill it."""
    changed: set[Slot] = field(default_factory=set)
    """Where its code puts something else while it runs."""
    file_name: str = ""
    """Name of that module's file, without the folder."""

    @cached_property
    def source(self) -> str:
        """The source text, made only once."""
        return self.text()

    @cached_property
    def place(self) -> Place:
        """What it is and where it stands, found only once."""
        name = self.name.removeprefix(f"{self.module}.") if self.module else self.name
        return Place(self._kind(), name.replace("<locals>.", ""), self._file(), self.source)

    def _kind(self) -> str:
        for kind, word in _KINDS.items():
            if isinstance(self.subject, kind):
                return word
        if self.name.endswith(".<import>"):
            return "import"
        first = re.match(r"\s*(@|\w+)", self.source)
        return _DEFINES.get(first[1], "constant") if first else "constant"

    def _file(self) -> str:
        """Return ``package/module.py`` or ``package/__init__.py``."""
        if not self.file_name:
            return ""
        parents = self.module.split(".")
        return "/".join([*(parents if self.file_name == "__init__.py" else parents[:-1]), self.file_name])


def source_of_part(part: Part) -> str:
    """Return where every process finds a part by its name: ``text`` or ``module``; nothing where it is sent along."""
    subject: Any = part.subject
    if isinstance(subject, tuple):
        subject = subject[0]
        if isinstance(subject, str):
            return "text"
    if isinstance(subject, types.FunctionType):
        subject = subject.__globals__
    elif isinstance(subject, types.ModuleType):
        subject = vars(subject)
    if isinstance(subject, type):
        found = subject.__module__ != "__main__" and is_held(subject)
    else:
        found = isinstance(subject, dict) and _is_imported(subject)
    return "module" if found else ""


def names_of_part(part: Part) -> Names:
    """Return the globals of the module that a function or class belongs to; nothing for other parts."""
    subject = part.subject
    if isinstance(subject, types.FunctionType):
        return subject.__globals__
    module = sys.modules.get(subject.__module__) if isinstance(subject, type) else subject
    return vars(module) if isinstance(module, types.ModuleType) else {}


def _is_imported(names: Names) -> bool:
    name = names.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) and name != "__main__" else None
    return module is not None and vars(module) is names


def reachable(roots: list[Part], ignored: Callable[[Part], bool]) -> list[Part]:
    """Return the parts that can be reached, in no particular order; ``ignored`` ones end the way."""
    found: dict[Part, None] = {}
    stack = [*roots]
    while stack:
        part = stack.pop()
        if part in found or ignored(part):
            continue
        found[part] = None
        stack.extend([target for _, target in part.edges])
    return [*found]


def full_digests(roots: list[Part], ignored: Callable[[Part], bool], known: dict[Part, str]) -> None:
    """Add to ``known`` the digests of the roots with all they reach.

    Args:
        roots: Where to begin.
        ignored: Says which parts count as nothing.
        known: Digests found before, under the same ``ignored``.
    """
    for component in _components(roots, ignored, known):
        if len(component) == 1 and all(target is not component[0] for _, target in component[0].edges):
            part = component[0]
            known[part] = "" if ignored(part) else _round(part, {}, known)
        else:
            _refine(component, known)


def _round(part: Part, cycle: dict[Part, str], known: dict[Part, str]) -> str:
    lines = [cycle.get(part, ""), part.local]
    for label, target in part.edges:
        lines.append(label)
        lines.append(cycle.get(target) or known[target])
    return xxhash.xxh3_128_hexdigest("\0".join(lines).encode("utf-8", "surrogatepass"))


def _refine(component: list[Part], known: dict[Part, str]) -> None:
    current = {part: part.local for part in component}
    kinds = 0
    while kinds < len(set(current.values())):
        kinds = len(set(current.values()))
        current = {part: _round(part, current, known) for part in component}
    # The refinement is stable, and the set of its classes tells two cycles apart that need not have equal rounds.
    everything = "".join(sorted(set(current.values())))
    for part in component:
        known[part] = xxhash.xxh3_128_hexdigest((current[part] + everything).encode())


def _components(roots: list[Part], ignored: Callable[[Part], bool], known: dict[Part, str]) -> Iterator[list[Part]]:
    """Yield the strongly connected components, those that others point to first (Tarjan's algorithm, iterative)."""
    index: dict[Part, int] = {}
    low: dict[Part, int] = {}
    open_parts: list[Part] = []
    waiting: set[Part] = set()
    work: list[tuple[Part, Iterator[Part]]] = []

    def enter(part: Part) -> None:
        index[part] = low[part] = len(index)
        open_parts.append(part)
        waiting.add(part)
        work.append((part, iter(() if ignored(part) else [target for _, target in part.edges])))

    for root in roots:
        if root not in index and root not in known:
            enter(root)
        while work:
            part, targets = work[-1]
            for target in targets:
                if target in known:
                    continue
                if target not in index:
                    enter(target)
                    break
                if target in waiting:
                    low[part] = min(low[part], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[part])
                if low[part] == index[part]:
                    component: list[Part] = []
                    while not component or component[-1] is not part:
                        component.append(open_parts.pop())
                    waiting.difference_update(component)
                    yield component
