from __future__ import annotations

import pytest

from pyperunner_results import strip_credentials
from pyperunner_results.credentials import strip_options


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


SECRET = "s3cret"


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"key": SECRET, "secret": SECRET, "token": SECRET, "anon": False}, {"anon": False}),
        ({"endpoint_url": "http://localhost:9000", "region_name": "eu"}, None),
        ({"endpoint_url": f"http://me:{SECRET}@localhost"}, {"endpoint_url": "http://localhost"}),
        (
            {"client_kwargs": {"aws_secret_access_key": SECRET, "region_name": "eu"}},
            {"client_kwargs": {"region_name": "eu"}},
        ),
        (
            {"client_kwargs": {"headers": {"Authorization": SECRET}, "verify": True}},
            {"client_kwargs": {"verify": True}},
        ),
        ({"account_name": "a", "account_key": SECRET, "sas_token": SECRET}, {"account_name": "a"}),
        ({"connection_string": f"AccountName=a;AccountKey={SECRET}"}, {}),
        ({"text": f"AccountName=a;AccountKey={SECRET}", "auth_text": "x"}, {}),
        (
            {"host": "h", "port": 22, "username": "me", "password": SECRET, "pkey": SECRET},
            {"host": "h", "port": 22, "username": "me"},
        ),
        ({"accessKeyId": SECRET, "clientSecret": SECRET, "apikey": SECRET, "refreshtoken": SECRET}, {}),
        ({"cert": SECRET, "login": SECRET, "cookies": {"a": SECRET}}, {}),
        ({"retries": [1, 2.5, {"mode": "standard"}], "session": object()}, {"retries": [1, 2.5, {"mode": "standard"}]}),
    ],
)
def test_options_are_recorded_without_what_may_be_secret(options, kept):
    found = strip_options(options)
    assert found == (options if kept is None else kept)
    assert SECRET not in str(found)
