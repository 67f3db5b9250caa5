from __future__ import annotations

import pytest

from pyperunner_results.reading.units import duration, memory


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.0354, "35 ms"), (0.9999, "1.00 s"), (2.5, "2.50 s"), (12.34, "12.3 s"), (59.97, "1 min 0 s"),
     (185, "3 min 5 s"), (7620, "2 h 7 min"), (3599.9, "1 h 0 min")],
)  # fmt: skip
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (1.5 * 2**20, "1.50 MiB"), (200 * 2**30, "200 GiB"),
     (2**50 * 5, "5120 TiB"), (2**20 - 1, "1.00 MiB"), (12.34 * 2**20, "12.3 MiB")],
)  # fmt: skip
def test_memory(size, text):
    assert memory(size) == text
