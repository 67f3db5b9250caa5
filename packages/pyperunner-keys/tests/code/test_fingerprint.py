from __future__ import annotations

import functools
import linecache
import pickle
import sys
import types
from pathlib import Path

import pytest

from pyperunner_keys import Fingerprinter, FingerprintGapError, digest_bytes, encode, fingerprint

FLOW = """
import threading
import tools
SCALE = 2
LOCK = threading.Lock()
def clean(x):
    return x * SCALE
def run(x=1):
    return tools.half(clean(x))
def guarded():
    with LOCK:
        return 1
class Task:
    options = {"timeout": 5}
    def run(self):
        return self.helper()
    def helper(self):
        return clean(1)
"""
TOOLS = "def half(x):\n    return x / 2\ndef unused():\n    return 0\n"


@pytest.fixture
def flow(project):
    return project(flow=FLOW, tools=TOOLS)


def test_parts_are_named_and_have_digests_and_sources(flow, tmp_path):
    found = fingerprint(flow.run)
    assert set(found.parts) == {"flow.run", "flow.clean", "flow.SCALE", "tools.half"}
    assert all(len(digest) == 32 for digest in [found.digest, *found.parts.values()])
    assert found.sources["tools.half"] == "def half(x):\n    return x / 2\n"
    assert found.sources["flow.SCALE"] == "SCALE = 2\n"
    assert found.gaps == {}
    path = str(tmp_path / "tools.py")
    assert found.modules[path] == digest_bytes(Path(path).read_bytes())
    assert set(found.modules) == {path, str(tmp_path / "flow.py")}


def test_a_fingerprint_survives_pickling(flow):
    found = fingerprint(flow.run)
    assert pickle.loads(pickle.dumps(found)) == found


def test_values_are_read_anew_by_each_call(flow):
    before = fingerprint(flow.run)
    flow.SCALE = 3
    after = fingerprint(flow.run)
    assert after.digest != before.digest
    assert after.sources["flow.SCALE"] == "SCALE = 3\n"


def test_a_replaced_helper_counts(flow):
    before = fingerprint(flow.run)
    flow.tools.half = lambda x: x
    assert fingerprint(flow.run).digest != before.digest


def test_one_pass_reads_once(flow):
    passing = Fingerprinter()
    before = passing.fingerprint(flow.clean)
    flow.SCALE = 3
    assert passing.fingerprint(flow.clean) == before
    assert passing.fingerprint(flow.run).parts["flow.SCALE"] == before.parts["flow.SCALE"]


def test_levels(flow):
    deep, own, off = (fingerprint(flow.run, code=code) for code in ("deep", "own", "off"))
    assert set(own.parts) == {"flow.run"}
    assert off.parts == {}
    assert len({deep.digest, own.digest, off.digest}) == 3
    flow.SCALE = 3
    assert fingerprint(flow.run, code="own") == own
    flow.run.__defaults__ = (2,)
    assert fingerprint(flow.run, code="own") != own
    assert fingerprint(flow.run, code="off") == off == fingerprint(flow.clean, code="off")


def test_own_code_has_its_closure():
    def make(k):
        return lambda: k

    assert fingerprint(make(1), code="own").digest != fingerprint(make(2), code="own").digest


def test_the_version_is_a_salt(flow):
    found = {fingerprint(flow.run, version=version).digest for version in ("", "1", "2")}
    assert len(found) == 3
    assert fingerprint(flow.run, code="off", version="1") != fingerprint(flow.run, code="off")


@pytest.mark.parametrize("name", ["tools.half", "half", "tools.*"])
def test_what_is_ignored_does_not_count(flow, name):
    before = fingerprint(flow.run, ignore=[name])
    assert "tools.half" not in before.parts
    flow.tools.half = types.FunctionType(flow.clean.__code__, flow.__dict__, "half")
    flow.tools.half.__qualname__ = "half"
    flow.tools.half.__module__ = "tools"
    assert fingerprint(flow.run, ignore=[name]).digest == before.digest
    assert fingerprint(flow.run).digest != before.digest


def test_an_attribute_of_a_class_can_be_ignored(flow):
    before = fingerprint(flow.Task, ignore=["options"])
    flow.Task.options = {"timeout": 6}
    assert fingerprint(flow.Task, ignore=["options"]).digest == before.digest
    assert fingerprint(flow.Task).digest != fingerprint(flow.Task, ignore=["Task.options"]).digest


def test_what_it_depends_on_counts(flow):
    plain = fingerprint(flow.clean)
    before = fingerprint(flow.clean, depends=[flow.tools.half, {"k": 1}])
    assert "tools.half" in before.parts
    assert before.digest not in (plain.digest, fingerprint(flow.clean, depends=[flow.tools.half, {"k": 2}]).digest)


def test_gaps_are_listed_and_refused_on_demand(flow):
    found = fingerprint(flow.guarded)
    assert found.gaps == {"flow.LOCK": "_thread.lock: cannot pickle '_thread.lock' object"}
    with pytest.raises(FingerprintGapError, match=r"guarded has gaps.*\n  flow\.LOCK"):
        fingerprint(flow.guarded, strict=True)
    assert fingerprint(flow.guarded, strict=True, ignore=["LOCK"]).gaps == {}


def test_a_method_counts_with_its_class(flow):
    before = fingerprint(flow.Task.run)
    assert {"flow.Task", "flow.Task.helper", "flow.clean"} <= set(before.parts)
    flow.Task.helper = lambda self: 5
    assert fingerprint(flow.Task.run).digest != before.digest


def test_packages_count_by_version_on_demand(project):
    flow = project(flow="import xxhash\nimport json\ndef run():\n    return xxhash.xxh32(json.dumps(1).encode())\n")
    other = project(other="def run():\n    return 1\n")
    plain, versions = fingerprint(flow.run), fingerprint(flow.run, packages="version")
    assert plain.digest != versions.digest
    assert fingerprint(other.run, packages="version").digest != fingerprint(other.run).digest


def test_a_version_counts(project, monkeypatch):
    flow = project(flow="import xxhash\ndef run():\n    return xxhash.xxh32(b'')\n")
    before = fingerprint(flow.run), fingerprint(flow.run, packages="version")
    monkeypatch.setattr("importlib.metadata.version", lambda name: "99")
    assert fingerprint(flow.run) == before[0]
    assert fingerprint(flow.run, packages="version").digest != before[1].digest


def test_anything_that_holds_code_has_a_fingerprint(flow):
    found = [
        functools.partial(flow.run, 1),
        functools.partial(flow.run, 2),
        flow.Task().run,
        flow.Task,
        flow.tools,
        functools.lru_cache(flow.run),
        [flow.run, flow.clean],
        len,
        int,
    ]
    assert len({fingerprint(item).digest for item in found}) == len(found)
    assert "tools.unused" in fingerprint(flow.tools).parts


def test_recursion_does_not_depend_on_where_one_enters(project):
    text = "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)\n"
    one, other = project(one=text), project(other=text)
    assert fingerprint(one.even).digest == fingerprint(other.even).digest != fingerprint(one.odd).digest
    passing = Fingerprinter()
    assert passing.fingerprint(one.odd).digest == fingerprint(other.odd).digest
    assert passing.fingerprint(one.even).digest == fingerprint(other.even).digest


def test_long_chains_of_helpers_do_not_recurse(project):
    text = "".join(f"def f{n}(): return f{n + 1}()\n" for n in range(3000)) + "def f3000(): return 1\n"
    assert len(fingerprint(project(long=text).f0).parts) == 3001


def test_two_lambdas_on_a_line_are_told_apart(project):
    flow = project(flow="a, b, c = lambda x: x + 1, lambda x: x + 2, (lambda x, y=(lambda: 3): x + 1)\n")
    same = project(same="a = lambda x: x + 1\nb = lambda y: y + 2\n")
    assert fingerprint(flow.a).digest == fingerprint(same.a).digest
    assert fingerprint(flow.a).digest != fingerprint(flow.b).digest
    assert fingerprint(flow.c).digest != fingerprint(flow.a).digest


def test_code_counts_that_runs_not_what_has_been_written_since(project, tmp_path):
    flow = project(flow="def run():\n    return 1\n")
    written = project(written="def run():\n    return 2\n")
    (tmp_path / "flow.py").write_text("def run():\n    return 2\n")
    late = fingerprint(flow.run)
    assert late.digest != fingerprint(written.run).digest
    assert late.modules == {str(tmp_path / "flow.py"): ""}


def test_what_was_read_in_time_stays(project, tmp_path):
    flow = project(flow="def run():\n    return 1\n")
    before = fingerprint(flow.run)
    (tmp_path / "flow.py").write_text("def run():\n    return 2\n")
    assert fingerprint(flow.run) == before


def test_a_reloaded_module_is_read_again(project, tmp_path):
    import importlib

    flow = project(flow="def run():\n    return 1\n")
    before = fingerprint(flow.run)
    (tmp_path / "flow.py").write_text("def run():\n    return 1 + 1\n")
    importlib.reload(flow)
    after = fingerprint(flow.run)
    assert after.digest != before.digest
    assert after.sources["flow.run"].endswith("1 + 1\n")


def _typed_in(text, name="<cell 1>", keep=True):
    names: dict = {"__name__": "cells"}
    if keep:
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), names)
    return names


def test_a_cell_of_a_notebook_counts_by_its_text():
    first = _typed_in("K = 1\ndef run():\n    return K  # one\n")["run"]
    second = _typed_in("K = 1\n\ndef run():\n    return K\n", "<cell 2>")["run"]
    third = _typed_in("K = 2\ndef run():\n    return K\n", "<cell 3>")["run"]
    assert fingerprint(first).digest == fingerprint(second).digest != fingerprint(third).digest
    assert fingerprint(first).sources["cells.run"].endswith("# one\n")


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("def run(): return K\nK = 1", "def run(): return K\nK = 2"),
        ("def run(): return helper()\ndef helper(): return 1", "def run(): return helper()\ndef helper(): return 2"),
        ("def run(): return [x + 1 for x in a]\na = [1]", "def run(): return [x + 2 for x in a]\na = [1]"),
        ("import math\ndef run(): return math.sin(1)", "import math\ndef run(): return math.cos(1)"),
        ("def run(): return 1", "def run(): return True"),
        ("def run(): return 'a'", "def run(): return 'b'"),
        (
            "class A:\n def f(self): return 1\ndef run(): return A().f()",
            "class A:\n def f(self): return 2\ndef run(): return A().f()",
        ),
        ("def run(x=1): return x", "def run(x=2): return x"),
    ],
)
def test_code_without_source_still_counts(text, changed):
    runs = [_typed_in(item, "<gone>", keep=False)["run"] for item in (text, text, changed)]
    first, same, other = (fingerprint(run).digest for run in runs)
    assert first == same != other


def test_names_of_code_without_source_are_listed():
    run = _typed_in("def run(x): return getattr(x, 'a' + x)", "<gone>", keep=False)["run"]
    assert fingerprint(run).gaps


def test_a_script_has_the_keys_of_the_module(tmp_path, python):
    (tmp_path / "flow.py").write_text(
        "import dataclasses, enum, logging\nfrom pyperunner_keys import digest, fingerprint\n"
        "log = logging.getLogger(__name__)\nWHO = __name__\n"
        "@dataclasses.dataclass\nclass P:\n    x: int = 1\n"
        "class E(enum.Enum):\n    A = 1\n"
        "def run(p=P(), e=E.A):\n    log.info(1)\n    return p, e, __name__, __file__\n"
        "def show(): print(fingerprint(run).digest, digest([P(), E.A, run]), *fingerprint(run).parts)\n"
        "if __name__ == '__main__': show()\n"
    )
    found = {
        python(*how, folder=tmp_path)
        for how in (["flow.py"], ["-m", "flow"], ["-c", "import flow; flow.show()"], [str(tmp_path / "flow.py")])
    }
    assert len(found) == 1
    assert "flow.run" in found.pop()


def test_the_folder_of_the_project_does_not_count(tmp_path, python):
    text = (
        "import os\nfrom pathlib import Path\n"
        "HERE = Path(__file__).parent\nDATA = [str(HERE / 'data'), {'x': HERE.parent / 'conf'}, os.sep]\n"
        "NAMED = {str(HERE / 'k'): 1}\n"
        "def run():\n    return HERE, DATA, NAMED, __file__\n"
        "if __name__ == '__main__':\n"
        "    from pyperunner_keys import fingerprint\n    print(fingerprint(run).digest)\n"
    )
    found = []
    for name in ("one", "other"):
        folder = tmp_path / name / "project" / "src"
        folder.mkdir(parents=True)
        (folder.parent / "pyproject.toml").touch()
        (folder / "flow.py").write_text(text)
        found.append(python(folder / "flow.py"))
    assert found[0] == found[1]


def test_paths_outside_the_project_count(project):
    flow = project(flow="DATA = '/data/one'\ndef run(): return DATA\n")
    before = fingerprint(flow.run).digest
    flow.DATA = "/data/two"
    assert fingerprint(flow.run).digest != before


def test_contents_of_a_cache_do_not_count(project):
    flow = project(flow="import functools\n@functools.cache\ndef f(x): return x\ndef run(): return f(1)\n")
    before = fingerprint(flow.run)
    flow.f(1)
    flow.f(2)
    assert fingerprint(flow.run) == before


def test_code_of_the_library_does_not_count(project):
    flow = project(flow="import json\ndef run(): return json.dumps(1)\n")
    assert set(fingerprint(flow.run).parts) == {"flow.run"}


def test_values_of_installed_modules_count_by_name(project):
    flow = project(flow="from os import environ\nfrom sys import path\ndef run(): return environ, path\n")
    before = fingerprint(flow.run)
    sys.path.append("/nowhere")
    try:
        assert fingerprint(flow.run) == before
    finally:
        sys.path.remove("/nowhere")


def test_code_inside_values_counts_in_an_encoding(project):
    flow = project(flow=FLOW, tools=TOOLS)
    before = encode({"step": functools.partial(flow.run, x=1)})
    flow.SCALE = 3
    assert encode({"step": functools.partial(flow.run, x=1)}) != before


def test_arrays_and_frames_as_constants(project):
    np = pytest.importorskip("numpy")
    flow = project(flow="import numpy as np\nWEIGHTS = np.arange(5.0)\ndef run(): return WEIGHTS * np.pi\n")
    before = fingerprint(flow.run)
    assert fingerprint(flow.run) == before
    flow.WEIGHTS = np.arange(5.0) * 2
    assert fingerprint(flow.run).digest != before.digest


def test_names_meet_in_the_parts(project):
    text = "def make(k):\n    def f():\n        return k\n    return f\n"
    flow = project(flow=f"{text}a, b = make(1), make(2)\ndef run(): return a(), b()\n")
    found = fingerprint(flow.run)
    assert {"flow.make.<locals>.f", "flow.make.<locals>.f#2"} <= set(found.parts)


def test_an_unloaded_module_stays_unloaded(project):
    flow = project(flow="def run():\n    import late\n    return late.f()\n", late="K = 1\ndef f(): return K\n")
    before = fingerprint(flow.run)
    assert "late" not in sys.modules
    assert {"late.f", "late.K"} <= set(before.parts)
    assert any(path.endswith("late.py") for path in before.modules)
    flow.run()
    assert fingerprint(flow.run) == before


def test_an_unloaded_module_that_was_loaded_and_changed_counts_by_what_it_holds(project):
    flow = project(flow="def run():\n    import late\n    return late.f()\n", late="K = 1\ndef f(): return K\n")
    before = fingerprint(flow.run)
    import late

    late.K = 2
    assert fingerprint(flow.run).digest != before.digest


def test_an_unloaded_module_that_is_edited_counts_anew(project, tmp_path):
    flow = project(flow="def run():\n    import late\n    return late.f()\n", late="def f(): return 1\n")
    before = fingerprint(flow.run)
    (tmp_path / "late.py").write_text("def f(): return 2\n")
    assert fingerprint(flow.run).digest != before.digest
