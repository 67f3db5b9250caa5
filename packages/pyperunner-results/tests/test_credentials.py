from __future__ import annotations

import pytest

from pyperunner_results import strip_credentials


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("https://user:pw@host:8080/path", "https://host:8080/path"),
        ("https://ghp_token@github.com/a/b.git", "https://github.com/a/b.git"),
        ("https://user:p@ss@host/x", "https://host/x"),
        ("https://user:pass/word@host/x", "https://host/x"),
        ("ssh://git:pw@host/repo", "ssh://git@host/repo"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("s3://key:secret@bucket/x?region=eu&secret=abc&token=t", "s3://bucket/x?region=eu"),
        ("s3://bucket?aws_secret_access_key=abc", "s3://bucket"),
        ("s3://bucket?accessKey=abc&anon=1", "s3://bucket?anon=1"),
        ("simplecache::s3://k:s@bucket/x", "simplecache::s3://bucket/x"),
        ("sqlite:////abs/p@th/with:colon.db", "sqlite:////abs/p@th/with:colon.db"),
        ("redis://:secret@host:6379/0", "redis://host:6379/0"),
        ("http://host:80/a@b", "http://host:80/a@b"),
        ("memory://", "memory://"),
        ("/plain/p@th", "/plain/p@th"),
        ("C:\\data", "C:\\data"),
    ],
)
def test_credentials_are_stripped(url, bare):
    assert strip_credentials(url) == bare
    assert strip_credentials(bare) == bare
