"""What all tests share: asserts of the conformance suites work under -O too, nothing is written to the home folder, and
pages are tests.

The conformance suites are modules of the packages; their asserts are to work as those of tests do.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path

import pytest
from checks.environment import ROOT, variables
from hypothesis import HealthCheck, settings

# No variable of the caller's decides anything, but for those that say how Python and pytest are to run.
_FOR_PYTEST = ("PYTEST_", "PYTHONHASHSEED", "PYTHONOPTIMIZE")
_cleaned = {**variables(), **{name: value for name, value in os.environ.items() if name.startswith(_FOR_PYTEST)}}
os.environ.clear()
os.environ.update(_cleaned)
sys.dont_write_bytecode = False

pytest_plugins = ["checks.leftovers"]

pytest.register_assert_rewrite(*(f"pyperunner_{part}.testing" for part in ("cache", "dag", "results", "runner")))

# How long a busy machine takes to think of examples says nothing about what is tested.
settings.register_profile("any machine", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")
if not os.access(ROOT, os.W_OK):  # examples that failed are remembered there
    settings.register_profile("read-only checkout", settings(), database=None)
    settings.load_profile("read-only checkout")


@pytest.fixture(scope="session", autouse=True)
def _own_cache_folder(tmp_path_factory: pytest.TempPathFactory):
    """Keep the user's memo of file contents out of the tests, and the tests out of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("user-cache")))
        yield


@pytest.fixture(autouse=True)
def _no_thread_of_another_test(monkeypatch: pytest.MonkeyPatch):
    """Let only threads count that a test starts, not those of pytest-xdist and of libraries that others have loaded."""
    if sys.platform != "linux" or importlib.util.find_spec("pyperunner_runner") is None:
        return
    from pyperunner_runner.processes import threads

    look = threads._native_threads
    before = (look() or set()) - {threading.get_native_id()}
    monkeypatch.setattr(threads, "_native_threads", lambda: None if (found := look()) is None else found - before)


@pytest.fixture(autouse=True)
def _no_seed_of_another_test():
    """Forget the seed that Hypothesis gave to the generators of the test before: it would count in this one's keys."""
    if "pyperunner_dag.identity.seeds" in sys.modules:
        sys.modules["pyperunner_dag.identity.seeds"]._seen.clear()


def pytest_collect_file(file_path: Path, parent: pytest.Collector):
    """Collect Markdown pages: their blocks are tests."""
    if file_path.suffix == ".md":
        from page_items import Page

        return Page.from_parent(parent, path=file_path)
    return None
