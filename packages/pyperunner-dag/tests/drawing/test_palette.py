from __future__ import annotations

import pytest

from pyperunner_dag.drawing.palette import LINE, TEXT, colours, legend

STATES = ["NOT_STARTED", "RUNNING", "SUCCESS", "FAILURE", "CANT_RUN", "SKIPPED"]


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("state", [*STATES, None])
def test_text_is_readable_on_every_colour(state):
    assert contrast(TEXT, colours(state)[0]) > 7


@pytest.mark.parametrize("background", ["#ffffff", "#0f1115"])
def test_lines_show_on_light_and_dark(background):
    assert contrast(LINE, background) > 3


def test_the_legend_has_each_state_once_and_breaks_where_the_picture_ends():
    entries = legend(["SUCCESS", "FAILURE", "SUCCESS", "ODD"], 1000)
    assert [state for state, _, _, _ in entries] == ["SUCCESS", "FAILURE", "ODD"]
    assert {row for _, _, row, _ in entries} == {0}
    narrow = legend(STATES, 200)
    assert max(row for _, _, row, _ in narrow) > 1
    assert all(x + room <= 200 or x == 16 for _, x, _, room in narrow)
    assert legend([], 100) == []
