from __future__ import annotations

import subprocess
import sys

import pytest

from pyperunner_cache import DamagedEntryWarning, MissingEntryError, open_store
from pyperunner_cache.values import main_module


def test_values_of_main_find_their_own_classes_again(tmp_path):
    script = tmp_path / "flow.py"
    script.write_text(
        "import enum, sys\nfrom pyperunner_cache import open_store\n"
        "class Color(enum.Enum):\n    RED = 1\n"
        "class Point:\n    def __init__(self, x):\n        self.x = x\n"
        "store = open_store(sys.argv[1])\n"
        "if sys.argv[2] == 'save':\n    store.save('T()/1', [Color.RED, Point(3), lambda v: v + 1])\n"
        "color, point, add = store.load('T()/1')\n"
        "assert color is Color.RED and type(point) is Point and point.x == 3 and add(1) == 2\n"
    )
    for what in ("save", "load"):
        subprocess.run([sys.executable, script, tmp_path / "s", what], check=True)
    found = open_store(tmp_path / "s").load("T()/1")
    assert found[0].name == "RED"
    assert found[1].x == 3
    assert found[2](1) == 2


@pytest.mark.parametrize("python", ["cpython-39", "pypy310"])
def test_byte_code_of_another_python_is_a_miss_that_says_so(python, store, monkeypatch):
    """It would make a code object all the same, and the first call of it a crash."""
    with monkeypatch.context() as patch:
        patch.setattr(main_module, "_PYTHON", python)
        store.save("T()/1", {"f": lambda: 1})
    with pytest.warns(DamagedEntryWarning), pytest.raises(MissingEntryError, match=f"holds byte code of {python}"):
        store.load("T()/1")
    assert "T()/1" in store
    store.save("T()/1", {"f": lambda: 1})
    assert store.load("T()/1")["f"]() == 1
