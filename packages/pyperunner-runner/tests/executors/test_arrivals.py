"""Who was killed and does not end: moments are given, no clock is read. Arrivals are tested with real copies."""

from __future__ import annotations

from pyperunner_runner.executors.arrivals import Departures


def test_who_does_not_end_in_time_is_named_once():
    departures = Departures(10.0)
    assert departures.seconds_left(0.0) is None
    departures.expect("slow", 0.0)
    departures.expect("quick", 4.0)
    departures.expect("slow", 9.0)  # killed once more
    departures.forget("quick")
    assert departures.seconds_left(9.0) == 1.0
    assert departures.take_due(9.9) == []
    assert departures.take_due(10.0) == ["slow"]
    assert departures.take_due(99.0) == []
    assert departures.seconds_left(99.0) is None
