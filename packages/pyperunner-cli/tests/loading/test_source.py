from __future__ import annotations

import importlib
import os
import py_compile
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.source import import_file

Write = Callable[[str, str], Path]


def test_the_module_has_the_name_of_its_file(write: Write) -> None:
    path = write("sub/my_flow.py", "import helper_of_flow\nvalue = helper_of_flow.value\n")
    write("sub/helper_of_flow.py", "value = 7\n")
    module = import_file("sub/my_flow.py")
    assert (module.__name__, module.value, module.__file__) == ("my_flow", 7, str(path))
    assert sys.modules["my_flow"] is module
    assert import_file("sub/my_flow.py") is module


def test_the_text_counts_even_if_older_bytecode_looks_current(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = write("quick.py", "value = 1\n")
    stat = path.stat()
    assert import_file("quick.py").value == 1
    assert not Path("__pycache__").exists()
    py_compile.compile(str(path))
    del sys.modules["quick"]
    path.write_text("value = 2\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert import_file("quick.py").value == 2
    # Who imports it by its name, as a fresh process does, finds the same.
    del sys.modules["quick"]
    assert importlib.import_module("quick").value == 2


def test_a_file_that_fails_is_not_kept(write: Write) -> None:
    write("broken.py", "raise RuntimeError('no')\n")
    with pytest.raises(RuntimeError, match="no"):
        import_file("broken.py")
    assert "broken" not in sys.modules


def test_a_name_that_is_taken_is_refused(write: Write) -> None:
    write("json.py", "x = 1\n")
    with pytest.raises(CommandError, match=r"'json' of json\.py is taken by the module .*: rename the file"):
        import_file("json.py")


def test_a_file_that_is_not_there(folder: Path) -> None:
    with pytest.raises(CommandError, match=r"there is no file nowhere\.py"):
        import_file("nowhere.py")
