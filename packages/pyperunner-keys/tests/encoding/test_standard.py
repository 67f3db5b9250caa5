from __future__ import annotations

import datetime as dt
import pathlib
import re
import zoneinfo

import pytest

from pyperunner_keys import encode

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
