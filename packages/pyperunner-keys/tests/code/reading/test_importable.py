"""Modules that are no plain files of text: each kind counts, whether it is imported at the top or inside a function."""

from __future__ import annotations

import importlib.machinery
import py_compile
import zipfile

import pytest

from pyperunner_keys import fingerprint

LIB = "import other\nK = int('{k}')\ndef h(x): return x * K + other.f()\n"
OTHER = "ONE = {one}\nTWO = {two}\ndef f(): return ONE\n"
HOOK = """
import importlib.util, pathlib, sys
class Importer:
    def __init__(self, asks): self.asks = asks
    def find_spec(self, name, path, target=None):
        return importlib.util.spec_from_loader(name, self, origin="memory") if name == "lib" else None
    def create_module(self, spec): return None
    def exec_module(self, module): exec(self.text(), vars(module))
    def text(self): return pathlib.Path(__file__).with_name("lib.txt").read_text()
    def __getattr__(self, name):
        if name == "get_source" and name in self.asks: return lambda module: self.text()
        if name == "get_code" and name in self.asks: return lambda module: compile(self.text(), "<lib>", "exec")
        raise AttributeError(name)
"""
START = "import pathlib, sys\nsys.path.insert(0, str(pathlib.Path(__file__).with_name('lib.zip')))\n"
PLACES = {
    "top": "from lib import h\ndef run(): return h(2)\n",
    "inside": "def run():\n    import lib\n    return lib.h(2)\n",
}


def _plain(folder, text):
    (folder / "lib.py").write_text(text)


def _zipped(folder, text):
    with zipfile.ZipFile(folder / "lib.zip", "w") as archive:
        archive.writestr("lib.py", text)


def _bytecode(folder, text):
    source = folder / "text.py"
    source.write_text(text)
    py_compile.compile(str(source), str(folder / "lib.pyc"))
    source.unlink()


def _zipped_bytecode(folder, text):
    _bytecode(folder, text)
    with zipfile.ZipFile(folder / "lib.zip", "w") as archive:
        archive.write(folder / "lib.pyc", "lib.pyc")
    (folder / "lib.pyc").unlink()


def _by_importer(*asks):
    def write(folder, text):
        (folder / "lib.txt").write_text(text)
        (folder / "hook.py").write_text(HOOK)
        (folder / "flow.py").write_text(f"import hook\nsys.meta_path.append(hook.Importer({asks!r}))\n")

    return write


KINDS = {
    "plain": _plain,
    "zipped": _zipped,
    "byte code": _bytecode,
    "zipped byte code": _zipped_bytecode,
    "importer with text": _by_importer("get_source"),
    "importer with byte code": _by_importer("get_code"),
}


def _write(folder, kind, place, k=1, one=1, two=1):
    folder.mkdir(parents=True)
    KINDS.get(kind, _by_importer())(folder, LIB.format(k=k))
    flow = folder / "flow.py"
    flow.write_text(START + (flow.read_text() if flow.exists() else "") + place)
    (folder / "other.py").write_text(OTHER.format(one=one, two=two))
    return folder


@pytest.fixture(scope="module")
def looks(look_at, needs_fork, tmp_path_factory):
    """By kind and place: as it is, and after an edit of the module, of what it uses, and of what it does not use."""
    root = tmp_path_factory.mktemp("kinds")
    edits = [{}, {"k": 10}, {"one": 5}, {"two": 5}]
    names = [(kind, place) for kind in KINDS for place in PLACES]
    folders = [
        _write(root / f"{number}-{step}", kind, PLACES[place], **edit)
        for number, (kind, place) in enumerate(names)
        for step, edit in enumerate(edits)
    ]
    found = iter(look_at(folders))
    return {name: [next(found) for _ in edits] for name in names}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_module_counts_wherever_it_comes_from(looks, kind, place):
    first, edited, used, unused = looks[kind, place]
    assert [look["result"] for look in (first, edited, used, unused)] == ["3", "21", "7", "3"]
    assert first["digest"] == unused["digest"]
    assert len({first["digest"], edited["digest"], used["digest"]}) == 3
    assert not [gap for gap in first["gaps"] if not gap.startswith("hook.")]  # which executes a text


def test_what_an_importer_does_not_say_is_a_gap(look_at, needs_fork, tmp_path):
    (found,) = look_at([_write(tmp_path / "flow", "importer that says nothing", PLACES["inside"])])
    assert found["gaps"]["lib"] == "its importer gives neither text nor byte code before it is imported"


def test_the_importer_itself_counts(look_at, needs_fork, tmp_path):
    folders = [_write(tmp_path / name, "importer with text", PLACES["inside"]) for name in ("one", "two")]
    (folders[1] / "hook.py").write_text(HOOK.replace("exec(self.text()", "exec('K = 9\\n' + self.text()"))
    one, two = look_at(folders)
    assert one["digest"] != two["digest"]


def test_an_extension_inside_counts_by_its_bytes(project, tmp_path):
    flow = project(flow="def run():\n    import ext\n    return ext.h()\n")
    binary = tmp_path / f"ext{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    binary.write_bytes(b"one")
    before = fingerprint(flow.run)
    binary.write_bytes(b"two")
    assert fingerprint(flow.run).digest != before.digest
    assert before.gaps == {"ext": "it is a compiled extension; the bytes of its file count"}


LIVING = """
import {module}
from pyperunner_keys import fingerprint
run = {module}.run
before = fingerprint(run).digest
assert run() == 3
import lib
print(fingerprint(run).digest == before, end=" ")
lib.K = 10
print(fingerprint(run).digest == before, run(), end=" ")
lib.K = int("1")
lib.h.__code__ = (lambda x: 5).__code__
print(fingerprint(run).digest == before, run())
"""


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_task_has_loaded_counts_the_same_until_it_is_changed(python, tmp_path, kind):
    folder = _write(tmp_path / "flow", kind, PLACES["inside"])
    assert python("-B", "-c", LIVING.format(module="flow"), folder=folder) == "True False 21 False 5\n"


def test_names_of_a_package_without_text_are_followed_into_its_modules(project, tmp_path):
    flow = project(
        flow="def run():\n    import pkg.sub\n    return pkg.sub.f()\n", **{"pkg/__init__": "", "pkg/sub": ""}
    )

    def key(k):
        for name, text in (("__init__", ""), ("sub", f"def f(): return {k}\n")):
            source = tmp_path / "pkg" / f"{name}.py"
            source.write_text(text)
            py_compile.compile(str(source), str(source.with_suffix(".pyc")))
            source.unlink()
        return fingerprint(flow.run)

    one, again, two = key(1), key(1), key(2)
    assert one.digest == again.digest != two.digest
    assert not one.gaps
