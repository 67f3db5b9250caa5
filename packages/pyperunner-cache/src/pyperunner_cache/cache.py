"""The cache: values by key, over a backend (bytes by key) and a codec (parts to bytes)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, TypedDict

from pyperunner_cache.backends.names import split_key
from pyperunner_cache.capabilities import supports
from pyperunner_cache.capable import with_abilities
from pyperunner_cache.entry.entry import Draft, Policy, decode_entry, decode_parts, read_envelope
from pyperunner_cache.entry.reading import Checked
from pyperunner_cache.entry.signing import read_signing_key
from pyperunner_cache.errors import BadSizeError, MissingEntryError, UnstorableError
from pyperunner_cache.maintenance.amounts import parse_size
from pyperunner_cache.maintenance.file_markers import marker_of
from pyperunner_cache.maintenance.filed import Filed
from pyperunner_cache.maintenance.tended import EntryInfo
from pyperunner_cache.ports import Backend, Codec, SupportsTouch
from pyperunner_cache.registry import codec_class
from pyperunner_cache.values.pack import pack
from pyperunner_keys import recording

__all__ = ["Cache", "EntryInfo", "Receipt"]

_ALIAS_HOPS = 8


class Receipt(TypedDict):
    """What `Cache.save` says of an entry it has just stored."""

    digest: str
    """Hex xxh3-128 of the payload; equal payloads have equal digests, whatever the codec."""
    size: int
    """Bytes the entry takes."""


class Cache(Filed):
    """Keeps values by key, exactly, and checks every byte it reads.

    Made by `open_store`. Safe to use from many threads and processes; another process opens its own from `spec`.
    Where the backend keeps a file per entry there is a method ``locate(key, filename=None) -> str``, and where it has
    locks a method ``lock(key, timeout=None)``.

    Args:
        backend: Where the bytes go.
        codec: How values become bytes: ``"gzip"``, ``"raw"`` or an installed codec's name.
        codecs: Other codecs for some names, such as ``{"Train()": "raw"}``.
        trust: ``"pickle"`` keeps everything; ``"safe"`` keeps and loads plain data only and never executes a pickle.
        signing_key: ``"env:NAME"`` or ``"file:/path"`` of a secret; entries are signed, unsigned ones are misses.
        max_load: Bytes (or text such as ``"8GB"``) that one value may take; the machine's memory if not given.
        max_size: Bytes (or text such as ``"20GB"``) above which a save evicts the least recently used entries.
        options: For the codecs, such as ``level``.
    """

    __module__ = "pyperunner_cache._cache"  # as in pickles and keys made by 0.2.0

    def __new__(cls, backend: Backend, *_args: Any, **_options: Any) -> Cache:
        """Make an object of the class that has the methods which ``backend`` has the ability for."""
        # The protocol for hashing has a method that a class object seems to lack; every class can be hashed.
        made: Cache = super().__new__(with_abilities(cls, type(backend)))  # type: ignore[arg-type]
        return made

    def __init__(
        self,
        backend: Backend,
        codec: str = "gzip",
        *,
        codecs: Mapping[str, str] | None = None,
        trust: str = "pickle",
        signing_key: str | None = None,
        max_load: str | int | None = None,
        max_size: str | int | None = None,
        **options: Any,
    ) -> None:
        if trust not in ("pickle", "safe"):
            raise BadSizeError(trust, "trust='pickle' or trust='safe'")
        self.backend = backend
        self._options: dict[str, Any] = {"codec": codec, "trust": trust, "signing_key": signing_key, **options}
        self._options |= {"codecs": dict(codecs or {}), "max_load": max_load, "max_size": max_size}
        self._max_size = None if max_size is None else parse_size(max_size)
        self._loaded: dict[str, Codec] = {}
        for name in {codec, *(codecs or {}).values()}:
            self._codec_named(name)
        limit = _machine_memory() if max_load is None else parse_size(max_load)
        key = read_signing_key(signing_key, getattr(backend, "root", None))
        self._policy = Policy(self._codec_named, trust == "pickle", key, limit)

    def __repr__(self) -> str:
        return f"<Cache {self.backend}>"

    def __reduce__(self) -> tuple[Any, ...]:
        spec = self.spec()
        if spec is None:
            raise UnstorableError(f"store {self.backend}", "Cache", "no other process can open it")
        return _reopen, (spec,)

    def __deepcopy__(self, memo: object) -> Cache:
        # Copies of what holds a store, such as scikit-learn's clones of a pipeline, use the same one.
        return self

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections; using the cache afterwards opens them again."""
        self.backend.close()

    def spec(self) -> dict[str, Any] | None:
        """Return ``url`` and options with which `open_store` opens this store in another process, or ``None``."""
        spec = self.backend.spec()
        if spec is None:
            return None
        return {**spec, **{name: value for name, value in self._options.items() if value not in (None, {})}}

    @property
    def survives_fork(self) -> bool:
        """Whether a forked process may use this object instead of opening its own: its backend holds nothing open."""
        return bool(getattr(self.backend, "survives_fork", False))

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that have no entry, in one trip to the medium. Writes nothing."""
        return self.backend.missing(keys)

    def __contains__(self, key: str) -> bool:
        return not self.missing([key])

    def load(self, key: str) -> Any:
        """Return the value stored under ``key``: equal to what was saved, and of its type.

        Raises:
            MissingEntryError: There is none, or it was unusable; then it was set aside with a `DamagedEntryWarning`.
        """
        return self._load(key, None, _ALIAS_HOPS)[0]

    def load_with_digest(self, key: str) -> tuple[Any, str]:
        """Return what `load` does, and the digest that its receipt had.

        Raises:
            MissingEntryError: As for `load`.
        """
        return self._load(key, None, _ALIAS_HOPS)

    def save(self, key: str, value: Any, meta: Mapping[str, Any] | None = None, *, codec: str | None = None) -> Receipt:
        """Store ``value`` under ``key``, replacing what is there, atomically.

        Args:
            key: ``'<name>/<hash>'``.
            value: Anything.
            meta: Plain data kept beside the value; ``seconds`` says how long the value took to make.
            codec: Overrides the store's choice for this value.

        Raises:
            UnstorableError: The value, or ``meta``, cannot be kept; with the path of the offending part.
            StoreError: The medium failed; the old entry is still there, and nothing else is.
        """
        chosen = self._codec_for(key, codec)
        try:
            with recording() as files:
                parts = pack(value, pickles=self._policy.pickles)
            fields: dict[str, Any] = {"meta": self._pack_meta(meta)} if meta else {}
        except UnstorableError as error:
            raise error.with_key(key) from None
        if files:
            fields["files"] = [state.record() for state in files]
            self._mark(key)
        draft = Draft(key, parts, chosen, fields, self._policy.signing_key)
        size = self.backend.put(key, draft.chunks(), chosen.filename)
        if self._max_size is not None:
            self._keep_within(self._max_size, size, key)
        return {"digest": draft.digest, "size": size}

    def meta(self, key: str) -> dict[str, Any]:
        """Return what `save` was given as ``meta``, plus ``digest``, ``size`` and ``saved_at``, reading no value.

        Raises:
            MissingEntryError: There is no usable entry.
        """
        with self._checked(key) as blob:
            envelope, _ = read_envelope(blob, key, self._policy)
            head = envelope.head
            own = self._unpack_meta(head["meta"]) if "meta" in head else {}
            digest = head["alias"][1] if "alias" in head else envelope.digest
            return {**own, "digest": digest, "size": blob.size, "saved_at": head["saved"]}

    def alias(self, key: str, target: str, meta: Mapping[str, Any] | None = None) -> None:
        """Make ``key`` stand for ``target`` as it is now; a miss when ``target`` is removed or its payload changes.

        Raises:
            MissingEntryError: There is no usable entry under ``target``.
        """
        digest = self.meta(target)["digest"]
        codec = self._codec_named(self._options["codec"])
        fields: dict[str, Any] = {"alias": [target, digest]}
        if meta:
            fields["meta"] = self._pack_meta(meta)
        files = self.files([target]).get(target)
        if files:
            fields["files"] = files
            self._mark(key)
        draft = Draft(key, pack(None), codec, fields, self._policy.signing_key)
        self.backend.put(key, draft.chunks(), codec.filename)

    def delete(self, key: str) -> bool:
        """Remove the entry of ``key``; say whether there was one."""
        found = self.backend.delete(key)
        self.backend.delete(marker_of(key))
        return found

    def cache(
        self,
        func: Any = None,
        ignore: Iterable[str] | None = None,
        verbose: int | None = None,
        mmap_mode: str | None = None,
        cache_validation_callback: None = None,
    ) -> Any:
        """Return ``func`` memoized in this store, as ``joblib.Memory.cache`` would, so that a store can be used as one.

        scikit-learn's ``Pipeline(memory=store)`` calls it.

        Args:
            func: The function; without one, a decorator is returned.
            ignore: Parameters that do not influence the result.
            verbose: Accepted for the sake of code written for joblib, without effect.
            mmap_mode: The same: the codec ``raw`` maps.
            cache_validation_callback: Not supported; `memoize` has ``ttl``.

        Raises:
            TypeError: A ``cache_validation_callback`` is given, or ``func`` cannot be memoized.
        """
        from pyperunner_cache.memoized import memoize

        if cache_validation_callback is not None:
            raise TypeError("cache_validation_callback is not supported: use memoize(store, ttl=…)")
        decorate: Any = memoize(self, ignore=ignore or ())
        return decorate if func is None else decorate(func)

    def _check(self, key: str) -> None:
        with self._checked(key) as blob:
            envelope, first = read_envelope(blob, key, self._policy)
            decode_parts(blob, envelope, first, self._policy)

    def _load(self, key: str, digest: str | None, hops: int) -> tuple[Any, str]:
        with self._checked(key) as blob:
            envelope, first = read_envelope(blob, key, self._policy)
            alias = envelope.head.get("alias")
            if digest not in (None, alias[1] if alias else envelope.digest):
                raise MissingEntryError(key, str(self.backend), "its payload is not the one that an alias was made for")
            if alias is None:
                self._check_files(key, envelope.head.get("files", ()))
                value = decode_entry(blob, envelope, first, self._policy)
                if supports(self.backend, SupportsTouch):
                    self.backend.touch(key, blob)
                return value, envelope.digest
        target, digest = alias
        if not hops or target == key:
            raise MissingEntryError(key, str(self.backend), "it is an alias that leads in a circle")
        return self._load(target, digest, hops - 1)

    def _checked(self, key: str) -> Checked:
        split_key(key)
        return Checked(self.backend, key)

    def _codec_for(self, key: str, codec: str | None = None) -> Codec:
        name, _ = split_key(key)
        return self._codec_named(codec or self._options["codecs"].get(name) or self._options["codec"])

    def _codec_named(self, name: str) -> Codec:
        codec = self._loaded.get(name)
        if codec is None:
            codec = self._loaded[name] = codec_class(name).from_options(self._options)
        return codec

    def _pack_meta(self, meta: Mapping[str, Any]) -> bytes:
        return bytes(pack(dict(meta), pickles=False)[0])

    def _unpack_meta(self, packed: bytes) -> dict[str, Any]:
        from pyperunner_cache.values.pack import unpack

        found: dict[str, Any] = unpack([packed], pickles=False)
        return found


def _reopen(spec: dict[str, Any]) -> Cache:
    from pyperunner_cache.opening import open_store

    return open_store(**spec)


_reopen.__module__ = "pyperunner_cache._cache"


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 40
