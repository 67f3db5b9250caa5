from __future__ import annotations

import sys

import pytest

from pyperunner_cli.display.choice import choose_display


def test_a_terminal_gets_the_moving_display(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyperunner_cli.display.live import Live
    from pyperunner_runner.progress import Lines

    assert isinstance(choose_display(verbose=False), Lines)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert isinstance(choose_display(verbose=False), Live)
