from __future__ import annotations

import sys

import pytest

from pyperunner_keys.code.reading.unimported import Unimported, absolute_name


@pytest.mark.parametrize(
    ("module", "level", "names", "expected"),
    [
        ("a.b", 0, {}, "a.b"),
        ("a", 1, {"__package__": "p.q"}, "p.q.a"),
        ("", 1, {"__package__": "p.q"}, "p.q"),
        ("a", 2, {"__package__": "p.q"}, "p.a"),
        ("a", 1, {"__name__": "p.q"}, "p.a"),
        ("a", 1, {"__name__": "p.q", "__path__": []}, "p.q.a"),
    ],
)
def test_absolute_names(module, level, names, expected):
    assert absolute_name(module, level, names) == expected


@pytest.fixture
def modules(project):
    return project(
        **{"anchor": "", "pkg/__init__": "", "pkg/late": "def f(): return 1\nK = 1\n", "space/inner": "K = 2\n"}
    )


def test_modules_are_found_without_importing_them(modules):
    unloaded = Unimported()
    assert unloaded.find("pkg.late").data.startswith(b"def f()")
    assert unloaded.find("pkg").name.endswith("__init__.py")
    assert unloaded.find("space").name == ""
    assert unloaded.find("space.inner").data == b"K = 2\n"
    assert not {"pkg", "pkg.late", "space"} & set(sys.modules)


@pytest.mark.parametrize(
    "name", ["json", "xml.etree", "xxhash", "math", "nowhere", "pkg.nowhere", "anchor.x", "pyperunner_keys"]
)
def test_what_is_foreign_or_missing_is_not(modules, name):
    assert Unimported().find(name) is None


def test_names_are_those_the_import_system_would_give(modules, tmp_path):
    found = Unimported()
    path = str(tmp_path / "pkg" / "late.py")
    assert found.names("pkg.late") == {"__name__": "pkg.late", "__package__": "pkg", "__file__": path}
    assert found.names("pkg")["__package__"] == "pkg"


def test_what_was_read_as_text_stays_text_while_it_is_the_same(modules):
    assert Unimported().loaded("pkg.late") is None
    assert Unimported().find("pkg.late") is not None
    import pkg.late

    assert Unimported().loaded("pkg.late") is None
    pkg.late.K = 2
    assert Unimported().loaded("pkg.late") is pkg.late


def test_what_is_loaded_counts_as_loaded(modules):
    import space.inner

    assert Unimported().loaded("space.inner") is space.inner
