"""Routed store: several stores that look like one, so that a task can have a store of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from pyperunner_dag.ports import SupportsAlias

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from pyperunner_dag.ports import EntryInfo, OutputStore, Receipt

__all__ = ["RoutedStore", "member_named", "member_of", "members_of"]

_BY_KEY = ("delete", "load_with_digest", "locate")
"""Abilities that are asked with a key first."""


class RoutedStore:
    """An output store made of several: each key lies in the store of its name, in the first one by default.

    What all of the stores can do, it can, so that ``isinstance`` with a ``Supports…`` protocol tells the truth; but it
    has locks as soon as one of the stores has some. What is about one store, such as its codecs, is asked of that one.

    Args:
        default: The store for all names that have no other.
        routes: Stores by the name in a key (what stands before its last slash).
    """

    def __init__(self, default: OutputStore, routes: Mapping[str, OutputStore]) -> None:
        self._default, self._routes = default, dict(routes)
        self.members = _distinct([default, *self._routes.values()])
        for ability in _BY_KEY:
            if all(hasattr(store, ability) for store in self.members):
                setattr(self, ability, self._by_key(ability))
        if all(hasattr(store, "alias") for store in self.members):
            self.alias: Callable[..., None] = self._alias
        if all(hasattr(store, "entries") for store in self.members):
            self.entries: Callable[..., Iterator[EntryInfo]] = self._entries
        if any(hasattr(store, "lock") for store in self.members):
            self.lock: Callable[..., AbstractContextManager[object]] = self._lock

    def __repr__(self) -> str:
        return " and ".join(map(repr, self.members))

    def store_of(self, name: str) -> OutputStore:
        """Return the store in which the outputs of that name are."""
        return self._routes.get(name, self._default)

    def spec(self) -> dict[str, Any] | None:
        """Return the spec of the first store, with those of the others and their names under ``stores``."""
        specs = [store.spec() for store in self.members]
        if any(spec is None for spec in specs):
            return None
        others = [
            [spec, [name for name, store in self._routes.items() if store is member]]
            for member, spec in zip(self.members[1:], specs[1:], strict=True)
        ]
        return {**(specs[0] or {}), "stores": others}

    @property
    def survives_fork(self) -> bool:
        """Whether all of the stores do."""
        return all(getattr(store, "survives_fork", False) for store in self.members)

    @property
    def forbids_fork(self) -> bool:
        """Whether one of the stores does."""
        return any(getattr(store, "forbids_fork", False) for store in self.members)

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Ask each of the stores once."""
        return set().union(*(store.missing(own) for store, own in self.parted(keys)))

    def load(self, key: str) -> Any:
        """Load from the key's store."""
        return member_of(self, key).load(key)

    def save(self, key: str, value: object, meta: Mapping[str, Any] | None = None, **how: Any) -> Receipt:
        """Save into the key's store."""
        return member_of(self, key).save(key, value, meta, **how)

    def meta(self, key: str) -> dict[str, Any]:
        """Return what the key's store says."""
        return member_of(self, key).meta(key)

    def unusable(self, keys: Iterable[str]) -> dict[str, str]:
        """Ask those of the stores that can tell, each once."""
        return self._told("unusable", keys)

    def files(self, keys: Iterable[str]) -> dict[str, Any]:
        """Ask those of the stores that know which values hold files, each once."""
        return self._told("files", keys)

    def parted(self, keys: Iterable[str]) -> list[tuple[OutputStore, list[str]]]:
        """Return the stores of some keys, each with its own."""
        found: dict[int, tuple[OutputStore, list[str]]] = {}
        for key in keys:
            store = member_of(self, key)
            found.setdefault(id(store), (store, []))[1].append(key)
        return list(found.values())

    def _told(self, ability: str, keys: Iterable[str]) -> dict[str, Any]:
        asked = ((getattr(store, ability, None), own) for store, own in self.parted(keys))
        return dict(chain.from_iterable(ask(own).items() for ask, own in asked if ask is not None))

    def _by_key(self, ability: str) -> Callable[..., Any]:
        def ask(key: str, *args: Any, **kwargs: Any) -> Any:
            return getattr(member_of(self, key), ability)(key, *args, **kwargs)

        return ask

    def _alias(self, key: str, target: str, meta: Mapping[str, Any] | None = None) -> None:
        store, other = member_of(self, key), member_of(self, target)
        if other is not store:  # an entry can stand for one of its own store only
            store.save(key, self.load(target), meta)
        elif isinstance(store, SupportsAlias):
            store.alias(key, target, meta)

    def _entries(self, name: str | None = None) -> Iterator[EntryInfo]:
        asked: Any = self.members if name is None else [self.store_of(name)]
        return chain.from_iterable(store.entries(name) for store in asked)

    def _lock(self, key: str, timeout: float | None = None) -> AbstractContextManager[object]:
        from contextlib import nullcontext

        lock = getattr(member_of(self, key), "lock", None)
        return nullcontext() if lock is None else lock(key, timeout)


def member_of(store: OutputStore, key: str) -> OutputStore:
    """Return the store in which a key lies: one of those that a routed store is made of, else the store itself."""
    return member_named(store, key.rpartition("/")[0])


def member_named(store: OutputStore, name: str) -> OutputStore:
    """Return the store in which the outputs of that name are, as `member_of` does."""
    return store.store_of(name) if isinstance(store, RoutedStore) else store


def members_of(store: OutputStore) -> list[OutputStore]:
    """Return the stores that a store is made of: itself, if it is no routed one."""
    return list(store.members) if isinstance(store, RoutedStore) else [store]


def _distinct(stores: Iterable[OutputStore]) -> list[OutputStore]:
    return list({id(store): store for store in stores}.values())
