from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_text.masking import MASK, Masking

SECRETS = st.text(min_size=6, max_size=40).filter(lambda text: len(text.encode("utf-8", "replace")) >= 6)
WAYS = {
    "plain": str,
    "percent": quote,
    "percent, all of it": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "JSON": json.dumps,
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "repr": repr,
    "HTML": html.escape,
    "HTML, text": lambda text: html.escape(text, quote=False),
    "repr of bytes": lambda text: repr(text.encode()),
    "hexadecimal": lambda text: text.encode().hex(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(secret=SECRETS, before=st.text(), after=st.text())
def test_a_secret_is_masked_in_every_form(way, secret, before, after):
    form = way(secret)
    inner = form[2:-1] if form.startswith("b'") else form[1:-1] if form[:1] in "'\"" and form != secret else form
    assert inner not in Masking([secret]).text(before + form + after)


@given(secret=SECRETS, before=st.binary(max_size=7), after=st.binary(max_size=7), safe=st.booleans())
def test_in_base64_wherever_it_begins(secret, before, after, safe):
    encode = base64.urlsafe_b64encode if safe else base64.b64encode
    data = secret.encode()
    masked = Masking([secret]).text(encode(before + data + after).decode())
    assert MASK in masked
    # What is left are the characters that hold bits of a neighbour.
    assert len(masked.replace(MASK, "").rstrip("=")) <= (len(before) + len(after)) * 8 // 6 + 4


@given(st.text(), st.lists(st.text(min_size=6, alphabet="xyz"), max_size=3))
def test_all_else_stays(text, secrets):
    if not any(secret in text for secret in secrets):
        assert Masking([secret for secret in secrets if not secret.isascii()]).text(text) == text
    assert Masking([]).text(text) == text


@pytest.mark.parametrize(
    ("secret", "shown"),
    [
        ("postgres://martina:s3cret-pw@host/db?token=abcdef123&n=1", ["martina", "s3cret-pw", "abcdef123"]),
        ("-----BEGIN KEY-----\nMIIEvQIB\nADANBg==x\n", ["MIIEvQIB", "ADANBg==x"]),
        (b"s3cret-bytes", ["s3cret-bytes", "b's3cret-bytes'"[2:-1]]),
        ({"user": "martina1", "keys": ["abcdefgh", 12345678]}, ["martina1", "abcdefgh", "12345678"]),
    ],
)
def test_parts_that_are_secrets_by_themselves(secret, shown):
    masking = Masking([secret])
    for text in shown:
        assert masking.text(f"x{text}y") == f"x{MASK}y"
    assert masking.text("host n=1 BEGIN user") == "host n=1 BEGIN user"


def test_a_short_one_is_counted_and_left():
    masking = Masking(["abc", "", None, 7])
    assert (masking.too_short, bool(masking), masking.text("abc 7")) == (2, False, "abc 7")


def test_of_two_the_longer_one_goes_first():
    assert Masking(["secret", "secret-and-more"]).text("secret-and-more secret") == f"{MASK} {MASK}"


def test_values_are_masked_with_their_keys():
    masking = Masking(["s3cret-value"])
    value = {"s3cret-value": ["is s3cret-value", 1, None], "n": ("s3cret-value",)}
    assert masking.value(value) == {MASK: [f"is {MASK}", 1, None], "n": (MASK,)}


def test_the_beginning_of_a_text_ends_before_what_may_become_a_secret():
    masking = Masking(["s3cr3t-token"])
    assert masking.beginning("50% s3cr3t-token 60%") == "50% *** 60%"
    for end in ("s3cr3t-toke", "s3cr3t", "s"):
        assert masking.beginning(f"50% {end}") == "50% "
    assert masking.beginning("50% |") == "50% |"
    assert Masking([]).beginning("50% s") == "50% s"


@given(secret=SECRETS, before=st.binary(max_size=20), after=st.binary(max_size=20), at=st.integers(0, 80))
def test_a_cut_leaves_secrets_whole(secret, before, after, at):
    whole = secret.encode("utf-8", "surrogatepass")
    data = before + whole + after
    at = min(at, len(data))
    place = Masking([secret]).cut(data, at)
    assert 0 <= place <= at
    start = len(before)
    if place == at and start:
        assert not start < at < start + len(whole)


def test_the_end_of_a_text_begins_behind_what_may_have_been_a_secret():
    masking = Masking(["s3cr3t-token"])
    assert masking.end("3t-token and more s3cr3t-token") == " and more ***"
    assert masking.end("and more") == "and more"
    assert masking.cut(b"x" * 5 + b"s3cr3t-token" * 2 + b"yy", 20) == 17
