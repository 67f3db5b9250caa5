"""Visible text: nothing in it is obeyed by a terminal, and nothing hides."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_text.visible import visible, visible_lines

FORGING = [chr(n) for n in [*range(32), 127, *range(128, 160), 0x2028, 0x2029, 0xD800, 0xDFFF]]
TURNING = [chr(n) for n in [0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]]
HIDING = ["\xa0", "\xad", "\u200b", "\u200d", "\u3000", "\ufeff", "\ue000", "\U000e0001"]


@pytest.mark.parametrize("char", [*FORGING, *TURNING, *HIDING], ids=ascii)
def test_a_character_that_does_not_show_is_spelled_out(char: str) -> None:
    assert visible(f"a{char}b") == f"a{ascii(char)[1:-1]}b"


def test_what_shows_stays() -> None:
    text = "Zürich, 東京, é\u0301 😀 ~"
    assert visible(text) is text


def test_what_a_program_printed_stays_but_for_what_is_obeyed() -> None:
    assert visible_lines("a\tb\xa0\u3000\u200d\nc\x1b[2J\r\n\u202e\n") == [
        "a\tb\xa0\u3000\u200d",
        r"c\x1b[2J",
        r"\u202e",
    ]
    assert visible_lines("") == [""]
    assert visible_lines("a") == ["a"]
    assert visible_lines("a\n\n") == ["a", ""]
    for char in {*FORGING, *TURNING} - {"\n", "\t"}:
        assert visible_lines(f"a{char}b") == [f"a{ascii(char)[1:-1]}b"]


@given(st.text(st.characters(codec=None)))
def test_no_text_forges_a_line_or_hides(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert len(shown.splitlines()) <= 1
    for line in visible_lines(text):
        line.encode()
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in line.replace("\t", ""))
