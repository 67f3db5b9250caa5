"""File names: harmless, and the same today as in every store and run folder that was written."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_text.file_names import distinct_name, safe_name, text_of


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


READABLE = {
    "Load(a=1, b)": "Load(a=1, b)",
    "": "unnamed",
    ".": "%2E",
    "..": "%2E%2E",
    "a.": "a%2E",
    "-a-": "%2Da-",
    " a ": "%20a%20",
    "a/b\\c\0\n%~": "a%2Fb%5Cc%00%0A%25%7E",
    "Zürich": "Zürich",
    "Zu\u0308rich": "Zürich",
    "東京²٣": "東京²٣",
    "\ud800": "%ED%A0%80",
    "a\xa0b": "a%C2%A0b",
    "x" * 121: "x" * 120,
    "é" * 61: "é" * 60,
    "/" * 41: "%2F" * 40,
}
DISTINCT = {
    "Load(a=1, b)": "Load(a=1, b)",
    "": "%",
    ".": "%2E",
    "..": "%2E%2E",
    "a.": "a%2E",
    "-a-": "-a-",
    " a ": "%20a%20",
    "a/b\\c\0\n%~": "a%2Fb%5Cc%00%0A%25%7E",
    "Zürich": "Zürich",
    "Zu\u0308rich": "Zu%CC%88rich",
    "東京²٣": "東京²٣",
    "\ud800": "%ED%A0%80",
    "x" * 200: "x" * 200,
    "x" * 201: "x" * 160 + "~" + digest("x" * 201),
}


@pytest.mark.parametrize(("text", "name"), READABLE.items(), ids=ascii)
def test_readable_names_are_what_they_always_were(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize(("text", "name"), DISTINCT.items(), ids=ascii)
def test_distinct_names_are_what_they_always_were(text: str, name: str) -> None:
    assert distinct_name(text, digest, folds_case=False) == name


def test_capitals_are_encoded_where_the_file_system_folds_case() -> None:
    assert distinct_name("aB(É)", digest, folds_case=True) == "a%42(%C3%89)"


@given(st.text(st.characters(codec=None)), st.booleans())
def test_any_text_is_a_harmless_name(text: str, folds_case: bool) -> None:
    for name in (safe_name(text), distinct_name(text, digest, folds_case)):
        assert not set(name) & set('/\\\0\n:*?"<>|')
        assert name not in (".", "..", "")
        assert not name.startswith((".", " "))
        assert len(name.encode()) <= 200
    assert unicodedata.is_normalized("NFC", safe_name(text))
    assert not safe_name(text).startswith("-")


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)), st.booleans())
def test_distinct_names_are_distinct_and_lead_back(one: str, other: str, folds_case: bool) -> None:
    names = [distinct_name(text, digest, folds_case) for text in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    if "~" not in names[0]:
        assert text_of(names[0]) == one


@pytest.mark.parametrize("name", ["", "a~b", "%FF", "a%FF%41"])
def test_other_names_lead_nowhere(name: str) -> None:
    assert text_of(name) is None
