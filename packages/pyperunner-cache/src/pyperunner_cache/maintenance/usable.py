"""Usable entries: what heads tell, so that a plan does not count on what would not be loaded."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyperunner_cache.entry.reading import ALIAS_HOPS, checked_envelope, refusal_of_pickle
from pyperunner_cache.errors import CacheError, DamagedEntryError
from pyperunner_cache.maintenance.file_values import out_of_reach
from pyperunner_cache.ports import SupportsPeek
from pyperunner_text.inert import find

if TYPE_CHECKING:
    from pyperunner_cache.entry.envelope import Envelope
    from pyperunner_cache.entry.reading import Policy
    from pyperunner_cache.errors import ForeignEntryError
    from pyperunner_cache.ports import Backend

__all__ = ["refused"]


def refused(backend: Backend, keys: Iterable[str], policy: Policy) -> dict[str, str]:
    """Return those of ``keys`` whose entries would not be loaded, with the reason.

    Args:
        backend: Where they are; one that cannot be looked into without fetching whole entries is not.
        keys: Keys of stored entries.
        policy: What the store accepts.
    """
    if not isinstance(backend, SupportsPeek):
        return {}
    found: dict[str, str] = {}
    gone: dict[tuple[str, str], bool] = {}
    for key in keys:
        try:
            reason = _fault(backend, key, policy, gone)
        except KeyError:
            reason = "it is gone"
        except DamagedEntryError:
            continue  # who loads it sets it aside, and has it made anew
        except CacheError as error:
            reason = f"its output cannot be loaded: {error!s:.300}"
        if reason:
            found[key] = reason
    return found


def _fault(backend: SupportsPeek, key: str, policy: Policy, gone: dict[tuple[str, str], bool]) -> str:
    envelope, refusal = _look(backend, key, policy)
    if "alias" in envelope.head:
        try:
            envelope, refusal = _follow(backend, envelope, policy)
        except _AliasFault as fault:
            return str(fault)
    head = envelope.head
    if refusal is not None:
        return f"its output cannot be loaded: {refusal!s:.300}"
    if policy.is_cautious and "files" in head and (reach := out_of_reach(head["files"])):
        return reach
    policy.codec_named(head["codec"])
    for module, name in head.get("classes", ()):
        if gone.setdefault((module, name), False) or _is_gone(module, name):
            gone[module, name] = True
            return f"its output holds a {module}.{name}, which is gone"
    return ""


class _AliasFault(Exception):
    """What is the matter with the entry that an alias stands for."""


def _follow(backend: SupportsPeek, envelope: Envelope, policy: Policy) -> tuple[Envelope, ForeignEntryError | None]:
    """Return what `_look` does of the entry that an alias stands for in the end."""
    for _ in range(ALIAS_HOPS):
        target, digest = envelope.head["alias"]
        try:
            envelope, refusal = _look(backend, target, policy)
        except KeyError:
            raise _AliasFault("what it stands for is gone") from None
        alias = envelope.head.get("alias")
        if digest != (alias[1] if alias else envelope.digest):
            raise _AliasFault("what it stands for has changed")
        if alias is None:
            return envelope, refusal
    raise _AliasFault("it stands for something that leads in a circle")


def _look(backend: SupportsPeek, key: str, policy: Policy) -> tuple[Envelope, ForeignEntryError | None]:
    """Return what an entry says of itself, and, if it is a pickle that would be refused, the error."""
    blob = backend.peek(key)
    try:
        envelope = checked_envelope(blob, key, policy)
        return envelope, refusal_of_pickle(blob, policy) if envelope.head.get("pickle") else None
    finally:
        blob.close()


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
