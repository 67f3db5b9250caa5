from __future__ import annotations

import pytest

from pyperunner_cli.display.estimate import Estimate


def begun(times: dict[str, float], jobs: int, *tasks: str) -> Estimate:
    estimate = Estimate(times, jobs)
    estimate.begin(tasks)
    return estimate


def test_nothing_is_known_at_first() -> None:
    estimate = begun({}, 2, "a", "b", "c")
    estimate.start("a", 0.0)
    assert estimate.seconds(5.0) is None
    estimate.end("a", 10.0)
    assert estimate.seconds(10.0) == pytest.approx(10.0)  # two more, two at once


def test_what_runs_counts_with_what_is_left_of_it() -> None:
    estimate = begun({"a": 10.0, "b": 4.0}, 2, "a", "b")
    assert estimate.seconds(0.0) == pytest.approx(7.0)
    estimate.start("a", 0.0)
    estimate.start("b", 0.0)
    assert estimate.seconds(3.0) == pytest.approx(7.0)  # that of the longest
    estimate.end("b", 3.0)
    assert estimate.seconds(20.0) == pytest.approx(0.0)  # it takes longer than it did
    estimate.end("a", None)
    assert estimate.seconds(21.0) is None


def test_a_second_run_begins_anew() -> None:
    estimate = begun({"a": 1.0}, 1, "a")
    estimate.start("a", 0.0)
    estimate.begin(["a"])
    assert estimate.seconds(100.0) == pytest.approx(1.0)
