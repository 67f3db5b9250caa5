"""Hooks that are installed, and hooks that fail."""

from __future__ import annotations

import sys

import pytest

from pyperunner_runner.events import RunFinished, RunStarted
from pyperunner_runner.execution.hooks import Hooks

MODULE = """
heard = []

def function(event):
    heard.append(type(event).__name__)

class Class:
    def __init__(self):
        heard.append("made")

    def __call__(self, event):
        pass

class Idle(Class):
    def __bool__(self):
        return False

    def __call__(self, event):
        heard.append("never")

class Broken:
    def __init__(self):
        raise RuntimeError("no such luck")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution with hooks on the path."""

    def install(**hooks):
        lines = [f"{name} = hooks_for_tests:{target}" for name, target in hooks.items()]
        info = tmp_path / "path" / "hooks_for_tests-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hooks-for-tests\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("\n".join(["[pyperunner.hooks]", *lines, ""]))
        (tmp_path / "path" / "hooks_for_tests.py").write_text(MODULE)
        monkeypatch.syspath_prepend(tmp_path / "path")
        monkeypatch.delitem(sys.modules, "hooks_for_tests", raising=False)

    return install


def test_installed_hooks_hear_every_run(kit, install):
    install(one="function", two="Class")
    kit.runner().run(kit.abc())
    from hooks_for_tests import heard  # type: ignore[import-not-found]

    assert heard[:2] == ["made", "RunStarted"]
    assert heard[-1] == "RunFinished"
    assert heard.count("TaskFinished") == 3


def test_one_that_is_false_is_left_out(kit, install):
    install(idle="Idle", one="function")
    kit.runner().run(kit.abc())
    from hooks_for_tests import heard

    assert "RunFinished" in heard
    assert "never" not in heard


def test_one_that_does_not_load_is_warned_of_and_the_others_work(kit, install):
    install(bad="Broken", missing="nothing", good="function")
    with pytest.warns(RuntimeWarning, match="left out") as warned:
        kit.runner().run(kit.abc())
    assert sorted(str(warning.message).split()[1] for warning in warned) == ["'bad'", "'missing'"]
    from hooks_for_tests import heard  # type: ignore[import-not-found]

    assert "RunFinished" in heard
    assert kit.executed() == ["a", "b", "c"]


def test_a_display_that_fails_while_time_passes_is_left_out():
    said, calls = [], []

    class Display:
        def __call__(self, event):
            calls.append(event)

        def tick(self, now):
            raise RuntimeError("broken")

    hooks = Hooks([Display()], said.append)
    hooks.tell(RunStarted("p", "folder", (), ()))
    assert hooks.ticking
    with pytest.warns(RuntimeWarning, match="broken"):
        hooks.tick(1.0)
    assert not hooks.ticking
    hooks.tell(RunFinished({}, 1.0, False))
    assert len(calls) == 1
    assert "broken" in said[0]
