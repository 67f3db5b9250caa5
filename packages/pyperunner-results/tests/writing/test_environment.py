from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
import types
from importlib.metadata import version
from pathlib import Path

import pytest

import pyperunner_results
from pyperunner_results import get_environment_info

SCRIPT = """
import json
import helper, package.deep
from pyperunner_results import get_environment_info
print(json.dumps(get_environment_info()))
"""


def project(root):
    (root / "package").mkdir(parents=True)
    files = {
        "flow.py": SCRIPT,
        "helper.py": "x = 1\n",
        "package/__init__.py": "",
        "package/deep.py": "y = 2\n",
        "unused.py": "",
    }
    for name, text in files.items():
        (root / name).write_text(text)
    return files


def run_flow(root, cwd):
    env = {**os.environ, "PYTHONPATH": str(Path(pyperunner_results.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, root / "flow.py"], cwd=cwd, env=env, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_a_script_and_what_it_imports_are_the_sources(tmp_path):
    root = tmp_path / "proj"
    files = project(root)
    info = run_flow(root, cwd=tmp_path)
    assert set(info) == {"base_dir", "mainfile", "sources", "dependencies", "repositories"}
    assert info["base_dir"] == os.path.realpath(root)
    assert info["mainfile"] == "flow.py"
    own = {source["filename"]: source["hash"] for source in info["sources"]}
    loaded = {name: text for name, text in files.items() if name != "unused.py"}
    assert own == {name: hashlib.sha256(text.encode()).hexdigest() for name, text in loaded.items()}


def test_a_command_of_ours_that_is_installed_editable_is_no_source(tmp_path):
    (tmp_path / "pyperunner_cli").mkdir()
    (tmp_path / "pyperunner_cli" / "__init__.py").write_text("")
    (tmp_path / "pyperunner_cli" / "__main__.py").write_text(
        "import json\nfrom pyperunner_results import get_environment_info as info\nprint(json.dumps(info('flow.py')))"
    )
    (tmp_path / "flow.py").write_text("")
    env = {**os.environ, "PYTHONPATH": str(Path(pyperunner_results.__file__).parents[1])}
    command = [sys.executable, "-m", "pyperunner_cli"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert [source["filename"] for source in json.loads(done.stdout)["sources"]] == ["flow.py"]


def test_neither_the_standard_library_nor_installed_packages_are_sources():
    import yaml

    info = get_environment_info()
    names = [os.path.realpath(Path(info["base_dir"], source["filename"])) for source in info["sources"]]
    for foreign in (os.__file__, json.__file__, yaml.__file__):
        assert os.path.realpath(foreign) not in names
    assert os.path.realpath(__file__) in names


def test_installed_distributions_are_listed_with_their_versions():
    found = {item["name"]: item["version"] for item in get_environment_info()["dependencies"]}
    assert found["pytest"] == version("pytest")
    assert found["pyyaml"] == version("pyyaml")
    assert list(found) == sorted(found)


def test_the_first_of_two_installations_counts(tmp_path, monkeypatch):
    for folder, number in (("one", "1.0"), ("two", "2.0")):
        (tmp_path / folder / f"Some_Thing-{number}.dist-info").mkdir(parents=True)
    (tmp_path / "one" / "old_style-3.1-py3.11.egg-info").mkdir()
    (tmp_path / "one" / "broken.dist-info").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "two")
    monkeypatch.syspath_prepend(tmp_path / "one")
    found = {item["name"]: item["version"] for item in get_environment_info()["dependencies"]}
    assert (found["some-thing"], found["old-style"]) == ("1.0", "3.1")
    assert "broken" not in found


def test_at_a_prompt_there_is_no_main_file(tmp_path, python):
    done = python(
        "from pyperunner_results import get_environment_info as g; import json; print(json.dumps(g()))", cwd=tmp_path
    )
    info = json.loads(done.stdout)
    assert info["mainfile"] is None
    assert info["base_dir"] == os.path.realpath(tmp_path)


def test_an_installed_command_is_no_main_file(tmp_path, monkeypatch):
    command = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "tool"
    module = tmp_path / "env" / "lib" / "site-packages" / "tool" / "__main__.py"
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    monkeypatch.chdir(tmp_path)
    for started in (command, module):
        started.parent.mkdir(parents=True)
        started.touch()
        monkeypatch.setattr(sys.modules["__main__"], "__file__", str(started), raising=False)
        info = get_environment_info()
        assert (info["mainfile"], info["base_dir"]) == (None, os.path.realpath(tmp_path))


def test_an_installed_command_is_no_source_either(tmp_path, monkeypatch):
    command = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "tool"
    command.parent.mkdir(parents=True)
    command.touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(command), raising=False)
    assert not [source for source in get_environment_info()["sources"] if source["filename"].endswith("tool")]


def test_a_command_names_the_main_file(tmp_path):
    flow = tmp_path / "flow.py"
    flow.write_text("pass")
    info = get_environment_info(flow)
    assert (info["base_dir"], info["mainfile"]) == (os.path.realpath(tmp_path), "flow.py")
    assert "flow.py" in [source["filename"] for source in info["sources"]]


def test_a_deleted_source_and_a_lazy_module_do_no_harm(tmp_path, monkeypatch):

    class Lazy(types.ModuleType):
        def __getattr__(self, name):
            raise RuntimeError("woken up")

    gone = types.ModuleType("gone")
    gone.__file__ = str(tmp_path / "gone.py")
    monkeypatch.setitem(sys.modules, "gone", gone)
    monkeypatch.setitem(sys.modules, "lazy", Lazy("lazy"))
    monkeypatch.setitem(sys.modules, "none", None)
    names = [source["filename"] for source in get_environment_info()["sources"]]
    assert not any(name.endswith("gone.py") for name in names)


def test_modules_that_come_and_go_meanwhile_break_nothing():
    """A collection of garbage, which any allocation may set off, runs code as an import of another thread would."""
    made = []

    def meddle(phase, info):
        name = f"comes_and_goes_{len(made)}"
        sys.modules[name] = types.ModuleType(name)
        made.append(name)

    before = gc.get_threshold()
    gc.callbacks.append(meddle)
    gc.set_threshold(1)
    try:
        assert get_environment_info()["sources"]
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(meddle)
        for name in made:
            del sys.modules[name]
    assert made


def test_a_current_folder_that_was_removed_is_no_error(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    code = (
        "import json, os, pyperunner_results as r; os.rmdir(os.getcwd()); print(json.dumps(r.get_environment_info()))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(pyperunner_results.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], cwd=gone, env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["base_dir"] == os.sep


@pytest.mark.parametrize(("module", "file"), [("pkg.flow", "pkg/flow.py"), ("pkg.sub", "pkg/sub/__main__.py")])
def test_a_module_that_is_started_is_recorded_with_the_folder_that_its_imports_start_from(tmp_path, module, file):
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    path.write_text(
        "import json\nfrom pyperunner_results import get_environment_info\nprint(json.dumps(get_environment_info()))\n"
    )
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    info = json.loads(done.stdout)
    assert (info["base_dir"], info["mainfile"]) == (os.path.realpath(tmp_path), file)
