"""Each package imports and works without the siblings and libraries that it must not know."""

from __future__ import annotations

import pytest

PARTS = {
    "pyperunner_cache",
    "pyperunner_dag",
    "pyperunner_keys",
    "pyperunner_results",
    "pyperunner_runner",
    "pyperunner_text",
}
ABOVE = {"pyperunner", "pyperunner_cli"}
LEAVES = {"pyperunner_keys", "pyperunner_text"}
FORBIDDEN = {
    "pyperunner_text": (PARTS - {"pyperunner_text"}) | ABOVE | {"networkx", "msgpack", "xxhash", "psutil", "rich"},
    "pyperunner_keys": (PARTS - LEAVES) | ABOVE | {"networkx", "yaml", "msgpack", "psutil", "rich"},
    "pyperunner_dag": (PARTS - LEAVES - {"pyperunner_dag"}) | ABOVE | {"msgpack", "psutil", "rich"},
    "pyperunner_cache": (PARTS - LEAVES - {"pyperunner_cache"}) | ABOVE | {"networkx", "psutil", "rich"},
    "pyperunner_results": (PARTS - {"pyperunner_results", "pyperunner_text"})
    | ABOVE
    | {"networkx", "msgpack", "xxhash", "psutil", "rich"},
    "pyperunner_runner": {"pyperunner_cache", "rich", "networkx"} | ABOVE,
    "pyperunner_cli": {"pyperunner"},
}

BLOCKER = """
import importlib.abc, pkgutil, sys

class Blocker(importlib.abc.MetaPathFinder):
    def __init__(self, names):
        self.names = set(names)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ImportError(f"{name} must not be imported here")

sys.meta_path.insert(0, Blocker(sys.argv[1].split(",")))
"""

EVERY_MODULE = """
import importlib
package = importlib.import_module(sys.argv[2])
count = 0
for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not found.name.rpartition(".")[2].startswith(("testing", "_testing", "__main__")):
        importlib.import_module(found.name)
        count += 1
for name in package.__all__:
    getattr(package, name)
print(count > 3)
"""

USE = {
    "pyperunner_text": """
from pyperunner_text.errors import FactError
from pyperunner_text.visible import visible
class Lost(FactError, KeyError):
    key: str
    template = "no {key}"
print(str(Lost("a")) == "no a" and len(visible(chr(27))) == 4)
""",
    "pyperunner_keys": "import pyperunner_keys as k; print(k.digest([1]) == k.digest([1]), len(k.digest({})) == 32)",
    "pyperunner_dag": """
from pyperunner_dag import Pipeline, Task, run, StoreNotInstalledError
class One(Task):
    @run
    def run(self, data): return data
one = One(); two = One("2")(one)
p = Pipeline("p", [one])
p.summary(print_fn=lambda text: None); p.to_svg(); p.to_mermaid()
try:
    one.set_data_path(sys.argv[3])
    print(False)
except ImportError as error:
    print(len(p) == 2 and "pyperunner_cache" in str(error))
""",
    "pyperunner_cache": """
from pyperunner_cache import open_store
store = open_store(sys.argv[3])
store.save("A()/" + "0" * 32, (1, {"x": 2}))
print(store.load("A()/" + "0" * 32) == (1, {"x": 2}))
""",
    "pyperunner_results": """
from pyperunner_results import PipelineResult, get_environment_info
class Reader:
    def missing(self, keys): return set()
    def load(self, key): return key
conf = {"pipeline": {"name": "p"}, "tasks": {"A()": {"hash": "0" * 32}}}
print(PipelineResult(conf, Reader())["A()"] == "A()/" + "0" * 32 and "sources" in get_environment_info())
""",
}


@pytest.mark.parametrize("package", list(FORBIDDEN))
def test_every_module_imports_without_what_it_must_not_know(package, project):
    """All of its modules, with the forbidden ones made impossible to import."""
    script = project.write("probe.py", BLOCKER + EVERY_MODULE)
    assert project.python(script, ",".join(FORBIDDEN[package]), package) == "True"


@pytest.mark.parametrize("package", list(USE))
def test_it_does_its_work_without_them(package, project):
    """The main thing that the package is for, with the forbidden ones out of reach."""
    script = project.write("probe.py", BLOCKER + USE[package])
    out = project.python(script, ",".join(FORBIDDEN[package]), package, project.folder / "store")
    assert set(out.split()) == {"True"}


def test_the_blocker_blocks(project):
    """The probe itself would notice."""
    script = project.write("probe.py", BLOCKER + "import pyperunner_dag")
    project.python(script, "pyperunner_dag", code=1)
    project.python(script, "pyperunner_cache")
