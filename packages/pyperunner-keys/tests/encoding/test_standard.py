from __future__ import annotations

import datetime as dt
import pathlib
import re
import zoneinfo

import pytest

from pyperunner_keys import digest, encode

UTC = dt.timezone.utc
MOMENT = dt.datetime(2024, 7, 1, 12)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MOMENT, MOMENT.replace(tzinfo=UTC)),
        (MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("UTC"))),
        (
            MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Oslo")),
        ),
        (
            MOMENT.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(hours=2))),
        ),
        (MOMENT, MOMENT.date()),
        (MOMENT, MOMENT.replace(fold=1)),
        (dt.time(1), dt.time(1, tzinfo=UTC)),
        (pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a")),
        (pathlib.PurePosixPath("a"), pathlib.Path("a")),
        (pathlib.Path("a"), "a"),
        (range(3), [0, 1, 2]),
        (range(3), range(0, 4, 1)),
        (slice(1), slice(None, 1, 1)),
        (..., NotImplemented),
        (re.compile("a"), re.compile("a", re.I)),
        (re.compile("a"), re.compile(b"a")),
        (memoryview(b"ab"), b"ab"),
    ],
)
def test_different_values_differ(one, other):
    assert encode(one) != encode(other)


def test_equal_values_agree():
    assert encode(pathlib.Path("a/./b/")) == encode(pathlib.Path("a/b"))
    assert encode(memoryview(b"abcd")[::2]) == encode(memoryview(b"ac"))
    assert encode(zoneinfo.ZoneInfo("Europe/Berlin")) == encode(zoneinfo.ZoneInfo.no_cache("Europe/Berlin"))


class Zone(dt.tzinfo):
    """One that says its offset in its state, and in summer by its code."""

    def __init__(self, hours):
        self.hours = hours

    def utcoffset(self, when):
        return dt.timedelta(hours=1 if when is None or when.month < 6 else self.hours)

    def dst(self, when):
        return dt.timedelta(0)


def test_a_zone_of_ones_own_counts_with_its_state_and_code(project):
    winter = dt.datetime(2024, 1, 1)
    assert digest(winter.replace(tzinfo=Zone(2))) == digest(winter.replace(tzinfo=Zone(2)))
    assert digest(winter.replace(tzinfo=Zone(2))) != digest(winter.replace(tzinfo=Zone(3)))
    text = (
        "import datetime as dt\nclass Zone(dt.tzinfo):\n    def utcoffset(self, when):\n"
        "        return dt.timedelta(hours=1 if when.month < 6 else {})\n"
        "    def dst(self, when):\n        return dt.timedelta(0)\n"
    )
    one, other = project(one=text.format(2)), project(other=text.format(3))
    other.Zone.__module__ = "one"
    assert digest(winter.replace(tzinfo=one.Zone())) != digest(winter.replace(tzinfo=other.Zone()))
    assert digest(dt.time(1, tzinfo=Zone(2))) != digest(dt.time(1, tzinfo=Zone(3)))
