"""The public names of every package, what each takes, and that no module takes the place of one.

`tests/data/public_names.txt` lists them. A name that is added, dropped or altered on purpose gets there by running this
file as a script; the difference is then part of the review.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from pyperunner_text.errors import FactError

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/src/*/__init__.py"))
MODULES = {
    "pyperunner": ("environment", "testing"),
    "pyperunner_cache": (
        *("backends", "backends.file", "backends.memory", "backends.sqlite", "codecs.gzip", "codecs.raw"),
        *("ports", "testing"),
    ),
    "pyperunner_dag": ("ports", "schema", "testing"),
    "pyperunner_results": ("ports", "testing"),
    "pyperunner_runner": (
        *("events", "executors.inline", "executors.pool", "executors.process"),
        *("plan", "ports", "progress", "scheduler", "testing", "words"),
    ),
    "pyperunner_text": (
        "errors",
        "file_names",
        "plugins",
        "signatures",
        "urls",
        "visible",
        "yaml.reader",
        "yaml.writer",
    ),
}
"""The modules that are public beside the packages themselves."""
LISTED = ROOT / "tests" / "data" / "public_names.txt"


def lines(package: str) -> Iterator[str]:
    """Yield a line for every public name, with parameters and defaults, and one for every public member of a class."""
    for name in (package, *(f"{package}.{each}" for each in MODULES.get(package, ()))):
        module = importlib.import_module(name)
        for label in sorted(module.__all__):
            yield from described(f"{name}.{label}", getattr(module, label))


def described(name: str, value: Any) -> Iterator[str]:
    yield f"{name}{parameters(value)}"
    if isinstance(value, type) and name.rpartition(".")[0] in PACKAGES[1:]:  # the umbrella's are those of others
        members = {label for cls in value.__mro__ if is_ours(cls) for label in vars(cls)}
        if issubclass(value, FactError):  # its facts are attributes; how they make a sentence is its own business
            members = members - {"sentence", "template"} | value._facts.keys()
        for label in sorted(label for label in members if not label.startswith("_")):
            yield f"{name}.{label}{parameters(inspect.unwrap(getattr(value, label, None)))}"


def parameters(value: Any) -> str:
    """Return the parameters of a callable with their defaults; nothing where it has none of its own.

    Annotations are for type checkers and those who read: they may be worded differently.
    """
    if not (inspect.isfunction(value) or inspect.ismethod(value) or (isinstance(value, type) and takes_its_own(value))):
        return ""
    found = inspect.signature(value)
    bare = [each.replace(annotation=inspect.Parameter.empty) for each in found.parameters.values()]
    text = str(found.replace(parameters=bare, return_annotation=inspect.Signature.empty))
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def takes_its_own(cls: type[Any]) -> bool:
    if cls is not FactError and cls.__init__ is FactError.__init__:
        return bool(cls._facts)
    own = any(is_ours(base) and {"__init__", "__new__"} & vars(base).keys() for base in cls.__mro__)
    return own and not issubclass(cls, Enum) and not getattr(cls, "_is_protocol", False)


def is_ours(cls: type[Any]) -> bool:
    return cls.__module__.startswith("pyperunner")


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_and_what_they_take_are_the_listed_ones(package):
    """No move loses, adds or alters one unnoticed."""
    listed = [line for line in LISTED.read_text().splitlines() if re.match(rf"{package}\b", line)]
    assert list(lines(package)) == listed


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_has_a_public_name(package):
    """Importing such a module would put it in the place of the name: `pyperunner_dag.task` would become a module."""
    module = importlib.import_module(package)
    assert not {each.name for each in pkgutil.iter_modules(module.__path__)} & set(module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_stay_what_they_are_when_every_module_is_imported(package, project):
    """Asked in a fresh process, before and after."""
    code = f"""
import importlib, pkgutil, {package} as package
before = {{name: getattr(package, name) for name in package.__all__}}
for each in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not each.name.endswith("__main__"):
        importlib.import_module(each.name)
print([name for name, value in before.items() if getattr(package, name) is not value])
"""
    assert project.python("-c", code) == "[]"


if __name__ == "__main__":
    LISTED.write_text("".join(f"{line}\n" for package in PACKAGES for line in lines(package)))
