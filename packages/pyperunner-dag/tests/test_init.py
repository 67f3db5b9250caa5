"""The package's door: what is there, and what it costs to open."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil

import pyperunner_dag

IMPORTED = {"annotations", "Any", "TYPE_CHECKING", "import_module", "keep_former_names"}
LATE = {"__version__", *pyperunner_dag._LATE}


def test_all_is_sorted_complete_and_true():
    public = {name for name, value in vars(pyperunner_dag).items() if not name.startswith("_")}
    modules = {module.name for module in pkgutil.iter_modules(pyperunner_dag.__path__)}
    assert set(pyperunner_dag.__all__) == (public - modules - IMPORTED) | LATE
    assert all(hasattr(pyperunner_dag, name) for name in pyperunner_dag.__all__)


def test_every_module_says_what_it_offers_and_offers_it():
    import pyperunner_dag.testing  # asks for something before it imports another module

    for found in pkgutil.walk_packages(pyperunner_dag.__path__, "pyperunner_dag."):
        module = importlib.import_module(found.name)
        # A room offers nothing by itself.
        offered = getattr(module, "__all__", ()) if found.ispkg else module.__all__
        assert all(hasattr(module, name) for name in offered), found.name


def test_the_version_is_the_distributions():
    assert pyperunner_dag.__version__ == importlib.metadata.version("pyperunner-dag")


def test_importing_it_imports_nothing_heavy_and_starts_nothing(in_new_process):
    heavy = "networkx yaml numpy pandas polars PIL inspect importlib.metadata multiprocessing asyncio pyperunner_keys"
    printed = in_new_process(
        f"""
        import sys, threading
        import pyperunner_dag
        print([name for name in {heavy.split()!r} if name in sys.modules], threading.active_count())
        """,
        PYTHONPATH="",
    )
    assert printed.split() == ["[]", "1"]
