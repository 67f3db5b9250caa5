from __future__ import annotations

import pytest

from pyperunner_text.terminal.columns import columns, cropped


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("é", 1), ("e\u0301", 1), ("日本", 4), ("🚀", 2), ("❤\ufe0f", 1), ("", 0), ("한", 2)],
)
def test_columns_of_a_terminal(text, width):
    assert columns(text) == width


@pytest.mark.parametrize(
    ("text", "most", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("日本", 4, "日本")]
)
def test_a_line_that_is_too_wide_is_cropped(text, most, shown):
    assert cropped(text, most) == shown
    assert columns(cropped(text, most)) <= most
