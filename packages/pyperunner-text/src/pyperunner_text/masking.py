"""Masking: text that is shown or written without the secrets in it, in whatever form they got there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar, cast

__all__ = ["MASK", "NO_SECRETS", "SHORTEST", "Masking"]

MASK = "***"
"""What stands in the place of a secret."""

SHORTEST = 6
"""Characters of the shortest secret that is masked; a shorter one would take parts of ordinary words along."""

_ROUNDS = 100  # secrets, one beside the other, before which a cut is put
_T = TypeVar("_T")


class Masking:
    """Replaces secrets in text.

    A secret is known as it is, in each of its lines, percent-encoded, as JSON, HTML and Python write it, in
    hexadecimal, and in base64 wherever it begins in the bytes that are encoded. Of one that is a URL, user, password
    and the values of its query are secrets, too. What a program makes of it in other ways (a part of it, compressed,
    encrypted) is not recognised.

    Args:
        secrets: Their values: text, bytes, or containers of these; all else counts by its ``str``.

    Attributes:
        too_short: How many of them are too short to be masked.
    """

    def __init__(self, secrets: Iterable[object]) -> None:
        texts = {text for secret in secrets for text in _texts(secret)}
        self.too_short = sum(0 < len(text) < SHORTEST for text in texts)
        known = {part for text in texts for part in _parts(text) if len(part) >= SHORTEST}
        forms = sorted({form for text in known for form in _forms(text)}, key=len, reverse=True)
        self._forms = forms
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def __bool__(self) -> bool:
        return self._pattern is not None

    def text(self, text: str) -> str:
        """Return ``text`` with ``***`` in the place of each secret."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def beginning(self, text: str) -> str:
        """Return ``text`` likewise, without an end that may be the beginning of a secret whose rest is to come."""
        masked = self.text(text)
        ends = (size for form in self._forms for size in range(len(form) - 1, 0, -1) if masked.endswith(form[:size]))
        return masked[: len(masked) - max(ends, default=0)]

    def end(self, text: str) -> str:
        """Return ``text`` likewise, without a beginning that may be the end of a secret of which the rest is gone."""
        masked = self.text(text)
        starts = (
            size for form in self._forms for size in range(len(form) - 1, 0, -1) if masked.startswith(form[-size:])
        )
        return masked[max(starts, default=0) :]

    def cut(self, data: bytes, at: int) -> int:
        """Return where to cut ``data``, at a place or before it, so that no secret is cut in two."""
        place = at
        for _ in range(_ROUNDS):
            before = place
            for form in self._forms:
                size = len(encoded := form.encode("utf-8", "surrogatepass"))
                found = data.find(encoded, max(0, place - size + 1), place + size - 1)
                place = found if 0 < found < place else place
            if place == before:
                break
        return place

    def value(self, value: _T) -> _T:
        """Return a value of mappings, lists, tuples and text with all its text masked, that of keys included."""
        return value if self._pattern is None else cast("_T", self._masked(value))

    def _masked(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._masked(key): self._masked(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self._masked, value))
        return value


NO_SECRETS = Masking(())
"""Leaves all text as it is."""


def _texts(secret: object) -> Iterator[str]:
    if isinstance(secret, str):
        yield secret
    elif isinstance(secret, (bytes, bytearray)):
        yield secret.decode("utf-8", "backslashreplace")
    elif isinstance(secret, Mapping):
        for value in secret.values():
            yield from _texts(value)
    elif isinstance(secret, (list, tuple, set, frozenset)):
        for value in secret:
            yield from _texts(value)
    elif secret is not None:
        yield str(secret)


def _parts(text: str) -> Iterator[str]:
    yield text
    yield from text.splitlines()
    if "://" not in text:
        return
    from urllib.parse import parse_qsl, unquote, urlsplit

    try:
        url = urlsplit(text)
        yield from (form for part in (url.username, url.password) if part for form in (part, unquote(part)))
        yield from (value for _, value in parse_qsl(url.query))
    except ValueError:  # no URL after all
        return


def _forms(text: str) -> Iterator[str]:
    import base64
    import html
    import json
    from urllib.parse import quote, quote_plus

    data = text.encode("utf-8", "surrogatepass")
    yield text
    yield html.escape(text)
    yield html.escape(text, quote=False)
    for form in (quote(data), quote(data, safe=""), quote_plus(data)):
        yield form
        yield re.sub("%..", lambda code: code[0].lower(), form)
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield repr(text)[1:-1]
    yield repr(data)[2:-1]
    yield data.hex()
    yield data.hex().upper()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            # Six bits make a character. Those at both ends that hold bits of a neighbour can be anything.
            first, behind = -(-before * 8 // 6), (before + len(data)) * 8 // 6
            yield encode(b"\0" * before + data).decode()[first:behind]
