from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner_text.urls import scheme_of


@pytest.mark.parametrize(
    ("place", "scheme"),
    [
        ("s3://bucket/x", "s3"),
        ("S3://bucket/x", "s3"),
        ("sqlite:///x.db", "sqlite"),
        ("memory://", "memory"),
        ("file:x", "file"),
        ("fsspec:s3://bucket/x", "fsspec"),
        ("fsspec:simplecache::s3://bucket/x", "fsspec"),
        ("git+ssh://host/x", "git+ssh"),
        ("results", "file"),
        ("/a/b:c", "file"),
        ("./ab:c", "file"),
        ("a b:c", "file"),
        ("2ab:c", "file"),
        ("äb:c", "file"),
        ("C:\\data", "file"),
        ("c:/data", "file"),
        ("", "file"),
        (":", "file"),
        (Path("s3:/bucket"), "file"),
        (b"s3://bucket", "file"),
        (None, "file"),
    ],
)
def test_scheme_of(place, scheme):
    assert scheme_of(place) == scheme
