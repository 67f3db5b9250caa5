"""The line that says how far a long look is, on a terminal and only there."""

from __future__ import annotations

import sys

import pytest

from pyperunner_cli.display import counted as module
from pyperunner_cli.display.counted import counted


@pytest.mark.parametrize(("is_terminal", "said"), [(True, "\r\x1b[K12,000 entries seen\r\x1b[K"), (False, "")])
def test_a_terminal_is_told_and_nobody_else(
    is_terminal: bool, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    monkeypatch.setattr(module, "_EVERY", 0.0)
    with counted("entries seen") as progress:
        progress(12_000)
    assert capsys.readouterr().err == said


def test_what_is_quick_says_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with counted("entries seen") as progress:
        progress(3)
    assert capsys.readouterr().err == ""
