"""Text on stdouts of every kind."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from pyperunner_text.terminal.printing import say, spell_out

DRAWING = "┌─┐ │é→Ω…"


def stream(encoding: str, errors: str = "strict") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors=errors, newline="\n")


def written(text: io.TextIOWrapper) -> bytes:
    text.flush()
    buffer = text.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", DRAWING.encode()),
        ("latin-1", b"+-+ |\xe9->\\u03a9..."),
        ("ascii", b"+-+ |\\xe9->\\u03a9..."),
        ("cp437", "┌─┐ │é->Ω...".encode("cp437")),
        ("utf-16-le", DRAWING.encode("utf-16-le")),
    ],
)
def test_what_an_encoding_does_not_have_is_spelled_out(
    monkeypatch: pytest.MonkeyPatch, encoding: str, shown: bytes
) -> None:
    line = shown + "\n".encode(encoding)
    said, told = stream(encoding), stream(encoding)
    monkeypatch.setattr(sys, "stdout", said)
    say(DRAWING)
    assert written(said) == line
    spell_out(told)
    told.write(f"{DRAWING}\n")
    assert written(told) == line


def test_a_stream_that_does_something_else_stays_as_it_is() -> None:
    text = stream("ascii", "replace")
    spell_out(text, None, io.StringIO())
    text.write("é")
    assert written(text) == b"?"


class WriteOnly:
    """As programs put in the place of stdout."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


def test_a_stdout_that_can_write_and_nothing_else_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    out = WriteOnly()
    monkeypatch.setattr(sys, "stdout", out)
    say("line")
    assert out.text == "line\n"


@pytest.mark.parametrize("how", ["none", "closed", "reader gone", "full"])
def test_a_stdout_that_takes_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    full = how == "full" and Path("/dev/full").exists()
    out = open("/dev/full" if full else writing, "w", encoding="utf-8")  # noqa: SIM115
    if out.fileno() != writing:
        os.close(writing)
    if how == "closed":
        out.close()
    monkeypatch.setattr(sys, "stdout", None if how == "none" else out)
    say("line")
    say("another")
    try:
        out.close()
    except OSError:
        pass
