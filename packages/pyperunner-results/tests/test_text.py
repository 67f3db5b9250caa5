from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_results import strip_credentials
from pyperunner_results.text import safe_name, visible, visible_lines

any_text = st.text(st.characters(codec=None), max_size=80)


@given(any_text)
def test_what_is_visible_is_one_line_without_controls(text):
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in shown)
    shown.encode()


def test_escapes_are_spelled_out():
    assert visible("a\x1b[31mred\nforged\r\t\u2028\u202e\ud800") == r"a\x1b[31mred\nforged\r\t\u2028\u202e\ud800"
    assert visible("schön ✓ 日本") == "schön ✓ 日本"


def test_lines_are_split_at_line_feeds_only():
    assert visible_lines("one\ntwo\r\nthree\x85\x0b\n") == ["one", "two", r"three\x85\x0b"]
    assert visible_lines("50%\r100%\n") == [r"50%\r100%"]
    assert visible_lines("a\tb") == ["a\tb"]
    assert visible_lines("") == [""]
    assert visible_lines("\n") == [""]


@given(any_text)
def test_safe_names_are_harmless_file_names(text):
    name = safe_name(text)
    assert name
    assert len(name.encode()) <= 120
    assert not set(name) & set('/\\\0\n:*?"<>|\x1b$`')
    assert name[0] not in ".- "
    assert name not in {".", ".."}


def test_safe_names_stay_readable():
    assert safe_name("Load(flights 2013)") == "Load(flights 2013)"
    assert safe_name("größe") == "größe"
    assert safe_name("../x") == "%2E.%2Fx"
    assert safe_name("") == "unnamed"


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
