"""Plug-ins: found by group and name as importlib.metadata finds them, one broken one hurting no other."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pyperunner_text.plugins import BrokenPlugin, UnknownPlugin, find_plugin, find_store, plugin_names, plugins

GROUP = "demo.things"
Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Write a distribution's metadata into a folder of its own, which comes first on the path."""

    def write(text: str, name: str = "a_package-1.0.dist-info", folder: str = "site", metadata: str = "") -> Path:
        path = tmp_path / folder / name
        path.mkdir(parents=True)
        path.joinpath("entry_points.txt").write_text(text)
        path.joinpath("METADATA").write_text(metadata or f"Metadata-Version: 2.1\nName: {name.partition('-')[0]}\n")
        if str(path.parent) not in sys.path:
            monkeypatch.syspath_prepend(str(path.parent))
        return path.parent

    return write


SECTIONS = """
[console_scripts]
no = no:no
[demo.things]
plain = json:dumps
# a comment = not:there
deep= json.decoder : JSONDecoder.decode [extra, more]
whole =json
lost = json:nothing
gone = pyperunner_text_no_such_module:x

[demo.things.more]
other = json:loads
"""


def test_they_are_what_importlib_metadata_says(install: Install) -> None:
    import json

    install(SECTIONS)
    install("[demo.things]\nlast=json:load", "b-2.egg-info")
    assert plugin_names(GROUP) == ["deep", "gone", "last", "lost", "plain", "whole"]
    reference = {entry.name: entry for entry in entry_points(group=GROUP)}
    assert plugin_names(GROUP) == sorted(reference)
    for name in ("plain", "deep", "whole", "last"):
        assert find_plugin(GROUP, name) is reference[name].load()
    assert find_plugin(GROUP, "plain") is json.dumps
    assert plugin_names("demo.things.more") == ["other"]
    assert plugin_names("demo") == []


def test_the_first_on_the_path_counts(install: Install) -> None:
    import json

    install("[demo.things]\nx = json:loads\n", folder="below", name="Some.Package-1.dist-info")
    install("[demo.things]\ny = json:dumps\n", folder="above", name="some_package-2.dist-info")
    assert plugin_names(GROUP) == ["y"]  # the same distribution, installed twice
    install("[demo.things]\ny = json:load\n", folder="above", name="other-1.dist-info")
    assert [(found.name, found.package) for found in plugins(GROUP)] == [("y", "other"), ("y", "some-package")]
    assert find_plugin(GROUP, "y") is json.load


def test_an_unknown_name_lists_the_known_ones(install: Install) -> None:
    with pytest.raises(UnknownPlugin, match=r"no plug-in 'x' in the group 'demo.things'; known: none"):
        find_plugin(GROUP, "x")
    install("[demo.things]\nb = json\na = json\n")
    with pytest.raises(LookupError, match=r"known: a, b$"):
        find_plugin(GROUP, "x")


def test_what_is_installed_meanwhile_is_found(install: Install) -> None:
    install("[demo.things]\nb = json\n")
    with pytest.raises(UnknownPlugin):
        find_plugin(GROUP, "a")
    install("[demo.things]\na = json\n", name="late-1.dist-info")
    assert find_plugin(GROUP, "a").__name__ == "json"


@pytest.mark.parametrize(("name", "problem"), [("lost", "AttributeError"), ("gone", "ModuleNotFoundError")])
def test_a_broken_one_says_who_brought_it(install: Install, name: str, problem: str) -> None:
    install(SECTIONS)
    with pytest.raises(BrokenPlugin, match=rf"'{name}' of demo.things \(.*, from a-package\).*{problem}") as caught:
        find_plugin(GROUP, name)
    assert type(caught.value.__cause__).__name__ == problem
    assert find_plugin(GROUP, "whole").__name__ == "json"


def test_damaged_metadata_hurts_no_other(install: Install) -> None:
    place = install("[demo.things]\na = json\n")
    for name, content in (("broken-1.dist-info", b"\xff\xfe[demo.things]\nb = json"), ("empty-1.dist-info", b"")):
        place.joinpath(name).mkdir()
        place.joinpath(name, "entry_points.txt").write_bytes(content)
    place.joinpath("file-1.egg-info").write_text("Name: file")
    assert plugin_names(GROUP) == ["a"]


def test_packages_in_a_zip_file_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: zipped\nVersion: 1\n")
        file.writestr("zipped-1.dist-info/entry_points.txt", "[demo.things]\nz = zipped_module:VALUE\n")
        file.writestr("zipped_module.py", "VALUE = 5\n")
    monkeypatch.syspath_prepend(str(archive))
    assert find_plugin(GROUP, "z") == 5
    assert plugins(GROUP)[0].package == "zipped"


def test_folders_that_are_not_there_are_passed_over(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("[demo.things]\na = json\n")
    monkeypatch.syspath_prepend("/no/such/folder")
    assert plugin_names(GROUP) == ["a"]


def test_a_look_does_not_import_the_library() -> None:
    code = "import sys, pyperunner_text.plugins as p; p.plugin_names('x'); print('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_backend_brings_its_store(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scheme of the cache's backends is opened by what opens folders, unless it has a store of its own."""
    monkeypatch.setattr(sys, "path", [])
    install("[pyperunner.backends]\nmine = not:imported\nown = not:imported\n")
    with pytest.raises(UnknownPlugin, match=r"known: none$"):
        find_store("mine")
    install("[pyperunner.stores]\nfile = json:load\nown = json:dump\n", name="cache-1.dist-info")
    assert [find_store(scheme).__name__ for scheme in ("mine", "own", "file")] == ["load", "dump", "load"]
    with pytest.raises(UnknownPlugin, match=r"known: file, mine, own$"):
        find_store("other")
