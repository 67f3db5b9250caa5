"""Warnings that the command says as sentences."""

from __future__ import annotations

import warnings

import pytest

from pyperunner_cache import UnreadableEntryWarning
from pyperunner_cli.display.warned import plain_warnings


@pytest.mark.filterwarnings("always")
def test_ours_are_sentences_and_others_stay_as_they_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    others: list[str] = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *place, **more: others.append(str(message)))
    with plain_warnings():
        warnings.warn("an entry\x1b[2J is gone", UnreadableEntryWarning, stacklevel=1)
        warnings.warn("of the user's", UserWarning, stacklevel=1)
        warnings.warn_explicit("of a package", UserWarning, "/site-packages/pyperunner_runner/replays.py", 7)
    warnings.warn("afterwards", UnreadableEntryWarning, stacklevel=1)
    assert capsys.readouterr().err == "pyperunner: an entry\\x1b[2J is gone\npyperunner: of a package\n"
    assert others == ["of the user's", "afterwards"]
