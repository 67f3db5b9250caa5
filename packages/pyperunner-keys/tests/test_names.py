from __future__ import annotations

import pytest

from pyperunner_keys import importable_name

SCRIPT = "from pyperunner_keys import importable_name; print(importable_name(__name__))"


def test_other_modules_keep_their_names():
    assert importable_name("a.b") == "a.b"
    assert importable_name(__name__) == __name__


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [(["flow.py"], "flow"), (["-m", "flow"], "flow"), (["-m", "pkg"], "pkg.__main__"), (["-c", SCRIPT], "__main__")],
)
def test_main_goes_by_the_name_it_could_be_imported_under(arguments, expected, tmp_path, python):
    (tmp_path / "pkg").mkdir()
    for name in ("flow.py", "pkg/__init__.py", "pkg/__main__.py"):
        (tmp_path / name).write_text("" if "init" in name else SCRIPT)
    assert python(*arguments, folder=tmp_path).strip() == expected


def test_a_child_of_multiprocessing_agrees_with_its_parent(tmp_path, python):
    (tmp_path / "flow.py").write_text(
        "import multiprocessing as mp\n"
        "from pyperunner_keys import importable_name\n"
        "def work(): print(importable_name(work.__module__))\n"
        "if __name__ == '__main__':\n"
        "    child = mp.get_context('spawn').Process(target=work); child.start(); child.join()\n"
    )
    assert python(*["flow.py"], folder=tmp_path).strip() == "flow"
