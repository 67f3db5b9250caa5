"""Usable entries: what heads tell, so that a plan does not count on what would not be loaded."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from pyperunner_cache.entry.reading import ALIAS_HOPS, checked_envelope, refusal_of_pickle
from pyperunner_cache.errors import CacheError, DamagedEntryError
from pyperunner_cache.maintenance.file_values import out_of_reach
from pyperunner_cache.ports import SupportsPeek, SupportsPlain
from pyperunner_text.inert import find

if TYPE_CHECKING:
    from pyperunner_cache.entry.envelope import Envelope
    from pyperunner_cache.entry.reading import Policy
    from pyperunner_cache.errors import ForeignEntryError
    from pyperunner_cache.ports import Backend, Blob

__all__ = ["refused"]

_TOGETHER = 32
"""Entries that are open at once."""


def refused(backend: Backend, keys: Iterable[str], policy: Policy) -> dict[str, str]:
    """Return those of ``keys`` whose entries would not be loaded, with the reason.

    Args:
        backend: Where they are; one that cannot be looked into without fetching whole entries is not.
        keys: Keys of stored entries.
        policy: What the store accepts.
    """
    if not isinstance(backend, SupportsPeek):
        return {}
    looks = _Looks(backend, policy)
    keys = list(keys)
    # A signature is looked at in any case.
    plain = backend.plain(keys) if isinstance(backend, SupportsPlain) and policy.signing_key is None else ()
    rest, found = (key for key in keys if key not in plain), {}
    try:
        while some := list(islice(rest, _TOGETHER)):
            looks.open(some)
            for key in some:
                if reason := _reason(looks, key):
                    found[key] = reason
    finally:
        looks.open(())
    return found


class _Looks:
    """Looks at entries, some of which have been opened before the first is looked at.

    One call of the system right after the other takes less than half of the time that it takes between other work.

    Args:
        backend: Where they are.
        policy: What the store accepts.
    """

    def __init__(self, backend: SupportsPeek, policy: Policy) -> None:
        self._backend, self.policy = backend, policy
        self._opened: dict[str, Blob | Exception] = {}
        self._counts: dict[str, int | None] = {}
        self.gone: dict[tuple[str, str], bool] = {}
        """Whether classes, by module and name, are gone."""

    def open(self, keys: Sequence[str]) -> None:
        """Open these entries, and close those that were opened before."""
        for blob in self._opened.values():
            if not isinstance(blob, Exception):
                blob.close()
        # Counts come first: of an entry that is saved meanwhile the old one would make the new one an older version.
        self._counts = {} if self.policy.versions is None else self.policy.versions.counts(keys)
        self._opened = {key: self._peek(key) for key in keys}

    def look(self, key: str) -> tuple[Envelope, ForeignEntryError | None]:
        """Return what an entry says of itself, and, if it is a pickle that would be refused, the error.

        Raises:
            KeyError: There is none.
            CacheError: It cannot be read.
        """
        blob = self._opened.get(key)
        if blob is None:
            blob = self._opened[key] = self._peek(key)
        if isinstance(blob, Exception):
            raise blob
        envelope = checked_envelope(blob, key, self.policy, self._counts)
        return envelope, refusal_of_pickle(blob, self.policy) if envelope.head.get("pickle") else None

    def _peek(self, key: str) -> Blob | Exception:
        try:
            return self._backend.peek(key)
        except (KeyError, CacheError) as error:
            return error


def _reason(looks: _Looks, key: str) -> str:
    try:
        return _fault(looks, key)
    except KeyError:
        return "it is gone"
    except DamagedEntryError:
        return ""  # who loads it sets it aside, and has it made anew
    except CacheError as error:
        return f"its output cannot be loaded: {error!s:.300}"


def _fault(looks: _Looks, key: str) -> str:
    envelope, refusal = looks.look(key)
    if "alias" in envelope.head:
        try:
            envelope, refusal = _follow(looks, envelope)
        except _AliasFault as fault:
            return str(fault)
    head, policy = envelope.head, looks.policy
    if refusal is not None:
        return f"its output cannot be loaded: {refusal!s:.300}"
    if "files" in head and policy.is_cautious and (reach := out_of_reach(head["files"])):
        return reach
    policy.codec_named(head["codec"])
    for module, name in head.get("classes", ()):
        if looks.gone.setdefault((module, name), False) or _is_gone(module, name):
            looks.gone[module, name] = True
            return f"its output holds a {module}.{name}, which is gone"
    return ""


class _AliasFault(Exception):
    """What is the matter with the entry that an alias stands for."""


def _follow(looks: _Looks, envelope: Envelope) -> tuple[Envelope, ForeignEntryError | None]:
    """Return what `_Looks.look` does of the entry that an alias stands for in the end."""
    for _ in range(ALIAS_HOPS):
        target, digest = envelope.head["alias"]
        try:
            envelope, refusal = looks.look(target)
        except KeyError:
            raise _AliasFault("what it stands for is gone") from None
        alias = envelope.head.get("alias")
        if digest != (alias[1] if alias else envelope.digest):
            raise _AliasFault("what it stands for has changed")
        if alias is None:
            return envelope, refusal
    raise _AliasFault("it stands for something that leads in a circle")


def _is_gone(module: str, name: str) -> bool:
    """Say whether there is no such class any more, as far as that can be told without importing anything."""
    if module not in sys.modules:
        return not _is_installed(module.partition(".")[0])
    return find(module, name) is None and find(module, "__getattr__") is None


def _is_installed(package: str) -> bool:
    try:
        return package in sys.modules or importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return True
