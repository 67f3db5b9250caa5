from __future__ import annotations

import json
import math
import os
import sys
import types
from dataclasses import make_dataclass
from pathlib import Path

import pytest
import xxhash

import pyperunner_keys
from pyperunner_keys.project import (
    family,
    file_of,
    foreign_name,
    is_own_class,
    is_own_file,
    is_own_globals,
    is_own_module,
    roots_of,
)


def test_the_library_and_installed_packages_are_foreign(tmp_path):
    assert not any(
        map(is_own_module, ["json", "json.decoder", "math", "builtins", "xxhash", "pytest", "_pytest.nodes"])
    )
    assert not is_own_globals(vars(json))
    assert not is_own_globals(vars(math))
    assert not is_own_file(os.__file__)
    assert not is_own_file(str(tmp_path / "lib" / "site-packages" / "a.py"))
    assert is_own_file(str(tmp_path / "a.py"))
    assert is_own_module(__name__)


def test_this_family_of_packages_is_foreign_even_if_it_is_edited_in_place():
    assert family("pyperunner_keys.project")
    assert not family("pyperunner_project")
    assert not is_own_globals(vars(pyperunner_keys))


def test_what_is_made_at_run_time_is_own():
    assert is_own_globals({})
    assert is_own_globals({"__name__": "typed_in"})
    assert is_own_globals(vars(types.ModuleType("made")))
    assert is_own_class(make_dataclass("P", ["x"]))
    assert is_own_class(type("Q", (), {}))
    assert not is_own_class(types.SimpleNamespace)
    assert not is_own_class(type(len))


def test_foreign_names_leave_out_what_differs_between_versions():
    assert foreign_name(Path) == "pathlib:Path"
    assert foreign_name(len) == "builtins:len"
    assert foreign_name(json.dumps) == "json:dumps"
    assert foreign_name(xxhash) == "xxhash"


def test_roots(tmp_path):
    inner = tmp_path / "project" / "src"
    inner.mkdir(parents=True)
    (tmp_path / "project" / "pyproject.toml").touch()
    found = roots_of("pkg.sub.mod", str(inner / "pkg" / "sub" / "mod.py"))
    assert found[0] == ("import", str(inner))
    assert ("project", str(tmp_path / "project")) in found
    assert roots_of("pkg", str(inner / "pkg" / "__init__.py"))[0] == ("import", str(inner))


def test_the_root_of_the_file_system_is_no_project():
    assert all(len(Path(path).parts) > 1 for _, path in roots_of("a", os.sep + "a.py"))


@pytest.mark.parametrize("name", [None, "x.py"])
def test_files_are_absolute(name):
    assert file_of({"__file__": name} if name else {}) == (str(Path(name).absolute()) if name else None)


def test_names_of_no_module():
    assert not is_own_module(None)
    assert sys.builtin_module_names
