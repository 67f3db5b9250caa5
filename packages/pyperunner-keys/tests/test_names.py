from __future__ import annotations

import subprocess
import sys

import pytest

from pyperunner_keys import importable_name
from pyperunner_keys.names import type_name

SCRIPT = "from pyperunner_keys import importable_name; print(importable_name(__name__))"


def test_other_modules_keep_their_names():
    assert importable_name("a.b") == "a.b"
    assert importable_name(__name__) == __name__


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["flow.py"], "flow"), (["-m", "flow"], "flow"), (["-m", "pkg"], "pkg.__main__"), (["-c", SCRIPT], "__main__")],
)
def test_main_goes_by_the_name_it_could_be_imported_under(arguments, expected, tmp_path, look_at):
    (tmp_path / "pkg").mkdir()
    for name in ("flow.py", "pkg/__init__.py", "pkg/__main__.py"):
        (tmp_path / name).write_text("" if "init" in name else SCRIPT)
    assert _run(arguments, tmp_path) == expected


def test_a_child_of_multiprocessing_agrees_with_its_parent(tmp_path):
    (tmp_path / "flow.py").write_text(
        "import multiprocessing as mp\n"
        "from pyperunner_keys import importable_name\n"
        "def work(): print(importable_name(work.__module__))\n"
        "if __name__ == '__main__':\n"
        "    child = mp.get_context('spawn').Process(target=work); child.start(); child.join()\n"
    )
    assert _run(["flow.py"], tmp_path) == "flow"


def _run(arguments, folder):
    import pyperunner_keys

    path = str(next(iter(pyperunner_keys.__path__))).removesuffix("pyperunner_keys")
    environment = {"PYTHONPATH": f"{path}:{folder}"}
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_type_names():
    assert type_name(int) == "int"
    assert type_name(pytest.Item) == "_pytest.nodes.Item"
