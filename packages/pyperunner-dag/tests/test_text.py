from __future__ import annotations

import pytest

from pyperunner_dag.text import columns, markup, shorten, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Load(äöü 東京)", "Load(äöü 東京)"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("line\nbreak\t", r"line\nbreak\t"),
        ("\u202eright to left", r"\u202eright to left"),
        ("\ud800", r"\ud800"),
        ("", ""),
    ],
)
def test_visible(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("東京", 4), ("e\u0301", 1), ("ä", 1), ("", 0)])
def test_columns(text, width):
    assert columns(text) == width


def test_shorten_keeps_both_ends():
    assert shorten("abc", 3) == "abc"
    short = shorten("Load(" + "x" * 100 + "-2024)", 30)
    assert len(short) == 30
    assert short.startswith("Load(")
    assert short.endswith("-2024)")


def test_markup():
    assert markup('<a href="x">&amp;\n') == r"&lt;a href=&quot;x&quot;&gt;&amp;amp;\n"
