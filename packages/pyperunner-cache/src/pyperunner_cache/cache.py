"""Cache: values by key, over a backend (bytes by key) and a codec (parts to bytes)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pyperunner_cache.backends.names import split_key
from pyperunner_cache.entry.draft import put_entry
from pyperunner_cache.entry.meta import pack_meta, unpack_meta
from pyperunner_cache.entry.reading import ALIAS_HOPS, EntryReader, Policy
from pyperunner_cache.entry.signing import read_signing_key, warn_of_others
from pyperunner_cache.entry.versions import Versions, record_of
from pyperunner_cache.errors import BadSizeError, MissingEntryError, UnstorableError
from pyperunner_cache.maintenance import file_values, garbage_collection, inspection, usable
from pyperunner_cache.maintenance.amounts import parse_size
from pyperunner_cache.memoized import memoizer
from pyperunner_cache.ports import Backend, ForbidsFork, SupportsFork, SupportsLocate, SupportsLock, SupportsTouch
from pyperunner_cache.registry import Codecs, check_format, locate, open_backend
from pyperunner_cache.system import machine_memory
from pyperunner_cache.values.pack import pack, pack_with_needs
from pyperunner_keys import recording

if TYPE_CHECKING:
    from pyperunner_cache.maintenance.progress import Progress
    from pyperunner_cache.schema import Collected, EntryInfo, FileRecord, Receipt, Stat, Verified

__all__ = ["Cache", "open_store"]

_PROBE_KEY = f".probe/{0:032x}"


class Cache:
    """Keeps values by key, exactly, and checks every byte it reads.

    Made by `open_store`. Safe to use from many threads and processes; another process opens its own from `spec`.
    Where the backend keeps a file per entry there is a method ``locate(key, filename=None) -> str``, and where it has
    locks a method ``lock(key, timeout=None)``: the class has neither, so that ``isinstance`` tells the truth.

    Args:
        backend: Where the bytes go.
        codec, codecs, trust, signing_key, max_load, max_size: As for `open_store`.
        options: For the codecs, such as ``level``.
    """

    __module__ = "pyperunner_cache._cache"  # as in pickles and keys made by 0.2.0

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
        self._codecs = Codecs(codec, codecs or {}, self._options)
        self.check_codec, self.check_format = self._codecs.named, check_format
        limit = machine_memory() if max_load is None else parse_size(max_load)
        key = read_signing_key(signing_key, getattr(backend, "root", None))
        pickles, shared = trust == "pickle", bool(getattr(backend, "shared", False))
        codec_named, versions = self._codecs.named if pickles else self._codecs.known, key and Versions(backend, key)
        self._policy = Policy(codec_named, pickles, key, limit, versions or None, shared)
        # Asked once: isinstance of a protocol can take a fifth of a load.
        self._touch = backend.touch if isinstance(backend, SupportsTouch) else None
        if isinstance(backend, SupportsLocate):
            self.locate = partial(locate, backend, self._codecs)
        if isinstance(backend, SupportsLock):
            self.lock = backend.lock

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
        return isinstance(self.backend, SupportsFork) and bool(self.backend.survives_fork)

    @property
    def forbids_fork(self) -> bool:
        """Whether a process that is forked from one which has used this store hangs when it opens its own."""
        return isinstance(self.backend, ForbidsFork) and bool(self.backend.forbids_fork)

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
        return self._load(key, None, ALIAS_HOPS)[0]

    def load_with_digest(self, key: str) -> tuple[Any, str]:
        """Return what `load` does, and the digest that its receipt had; raise what `load` does."""
        return self._load(key, None, ALIAS_HOPS)

    def save(
        self,
        key: str,
        value: Any,
        meta: Mapping[str, Any] | None = None,
        *,
        codec: str | None = None,
        format: str | None = None,  # noqa: A002 - as it is called in options
    ) -> Receipt:
        """Store ``value`` under ``key``, replacing what is there, atomically.

        Args:
            key: ``'<name>/<hash>'``.
            value: Anything.
            meta: Plain data kept beside the value; ``seconds`` says how long the value took to make.
            codec: Overrides the store's choice for this value.
            format: ``"parquet"`` keeps a frame as others read it, where entries are files beside it, too.

        Raises:
            UnknownFormatError: There is no such format, or nothing that writes it.
            UnstorableError: The value, or ``meta``, cannot be kept; with the path of the offending part.
            StorageError: The medium failed; the old entry is still there, and nothing else is.
        """
        chosen = self._codecs.chosen(split_key(key)[0], codec, format)
        try:
            with recording() as states:
                parts, needs = pack_with_needs(value, pickles=self._policy.pickles, form=format)
            fields = pack_meta(meta, needs)
        except UnstorableError as error:
            raise error.with_key(key) from None
        self._note_files(key, fields, [state.record() for state in states])
        receipt = put_entry(self.backend, key, parts, chosen, fields, self._policy, parts[-1] if format else None)
        if self._max_size is not None:
            garbage_collection.keep_within(self.backend, self._max_size, key)
        return receipt

    def meta(self, key: str) -> dict[str, Any]:
        """Return what `save` was given as ``meta``, plus ``digest``, ``size`` and ``saved_at``, reading no value.

        Raises:
            MissingEntryError: There is no usable entry.
        """
        with self._open(key) as entry:
            envelope = entry.envelope()
            head = envelope.head
            digest = head["alias"][1] if "alias" in head else envelope.digest
            return {**unpack_meta(head), "digest": digest, "size": entry.blob.size, "saved_at": head["saved"]}

    def alias(self, key: str, target: str, meta: Mapping[str, Any] | None = None) -> None:
        """Make ``key`` stand for ``target`` as it is now; a miss when ``target`` is removed or its payload changes.

        Raises:
            MissingEntryError: There is no usable entry under ``target``.
        """
        fields = {"alias": [target, self.meta(target)["digest"]], **pack_meta(meta)}
        self._note_files(key, fields, self.files([target]).get(target, []))
        put_entry(self.backend, key, pack(None), self._codecs.default, fields, self._policy)

    def delete(self, key: str) -> bool:
        """Remove the entry of ``key``; say whether there was one."""
        found = self.backend.delete(key)
        for own in [file_values.marker_of(key), *([record_of(key)] if self._policy.versions else [])]:
            self.backend.delete(own)
        return found

    def files(self, keys: Iterable[str]) -> dict[str, list[FileRecord]]:
        """Return what is recorded of the files and folders in the values of ``keys``, for those that hold any.

        In a store without such values this costs one look, else one trip and one read for each of them.

        Returns:
            By key, a list of mappings with ``path``, ``place`` (absolute), ``digest`` and, for a folder, ``glob``.
        """
        found = {}
        for key in file_values.marked(self.backend, keys):
            with suppress(MissingEntryError), self._open(key) as entry:
                found[key] = entry.envelope().head.get("files", [])
        return {key: records for key, records in found.items() if records}

    def unusable(self, keys: Iterable[str]) -> dict[str, str]:
        """Return those of ``keys`` whose entries `load` would refuse, as far as their heads tell, with the reason.

        Nothing is decoded or set aside, nor looked at where that would fetch whole entries.
        """
        return usable.refused(self.backend, keys, self._policy)

    def probe(self) -> None:
        """Return if entries can be stored just now: one is made and removed.

        Raises:
            StorageError: They can not, with the cause.
        """
        self.backend.put(_PROBE_KEY, [b"probe"], "result.dump.probe")
        self.backend.delete(_PROBE_KEY)

    def entries(self, name: str | None = None) -> Iterator[EntryInfo]:
        """Yield every entry, or those of ``name``, in no particular order."""
        for info in file_values.entries_of(self.backend, name):
            yield {"key": info.key, "size": info.size, "modified": info.modified}

    def stat(self) -> Stat:
        """Count entries, their bytes, damaged entries set aside, and orphans; changes nothing."""
        return inspection.describe(self.backend)

    def verify(self, name: str | None = None, *, progress: Progress | None = None) -> Verified:
        """Read every entry, or those of ``name``, and check every checksum; what is damaged is set aside.

        Nothing is rebuilt, so no pickle is executed. ``progress`` is called as by `gc`.
        """
        return inspection.verify(self.backend, self._check, name, progress)

    def gc(
        self,
        max_size: str | int | None = None,
        max_age: str | float | None = None,
        keep: Iterable[str] = (),
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> Collected:
        """Remove what dead writers left and what was set aside, then the least recently used entries.

        Safe while others read and write: an entry that goes is a miss to them, and no living writer's file is touched.

        Args:
            max_size: Bytes, or text such as ``"20GB"``, that entries may take afterwards.
            max_age: Seconds, or text such as ``"7d"``, since an entry was last used.
            keep: Keys that stay whatever the limits say.
            dry_run: Only say what would go.
            progress: Called with the number of entries looked at so far, at every thousand and at the end of a walk.

        Raises: BadSizeError: A limit says no amount.
        """
        done = garbage_collection.collect(self.backend, max_size, max_age, keep, dry_run=dry_run, progress=progress)
        if self._max_size is not None and not dry_run:
            garbage_collection.recount(self.backend)  # a person may have removed entries
        return done

    def clear(self, name: str | None = None) -> int:
        """Remove all entries, or those of ``name``, and what was set aside; return how many entries went."""
        gone = garbage_collection.clear(self.backend, name)
        if name is None:
            self.gc()
        return gone

    def cache(
        self,
        func: Any = None,
        ignore: Iterable[str] | None = None,
        verbose: int | None = None,
        mmap_mode: str | None = None,
        cache_validation_callback: None = None,
    ) -> Any:
        """Return ``func`` memoized here as by ``joblib.Memory.cache``, for scikit-learn's ``Pipeline(memory=store)``.

        Args:
            func: The function; without one, a decorator is returned.
            ignore: Parameters that do not influence the result.
            verbose: Accepted for the sake of code written for joblib, without effect.
            mmap_mode: The same: the codec ``raw`` maps.
            cache_validation_callback: Not supported: a `TypeError`; `memoize` has ``ttl``.
        """
        if cache_validation_callback is not None:
            raise TypeError("cache_validation_callback is not supported: use memoize(store, ttl=…)")
        decorate: Any = memoizer(self, ignore=ignore or ())
        return decorate if func is None else decorate(func)

    def _open(self, key: str) -> EntryReader:
        split_key(key)
        return EntryReader(self.backend, key, self._policy)

    def _load(self, key: str, digest: str | None, hops: int) -> tuple[Any, str]:
        with self._open(key) as entry:
            envelope = entry.envelope()
            alias = envelope.head.get("alias")
            if digest not in (None, alias[1] if alias else envelope.digest):
                raise MissingEntryError(key, str(self.backend), "its payload is not the one that an alias was made for")
            if alias is None:
                change = file_values.recheck(envelope.head.get("files", ()), cautious=self._policy.is_cautious)
                if change:
                    raise MissingEntryError(key, str(self.backend), change)
                value = entry.value(envelope)
                if self._touch is not None:
                    self._touch(key, entry.blob)
                return value, envelope.digest
        target, digest = alias
        if not hops or target == key:
            raise MissingEntryError(key, str(self.backend), "it is an alias that leads in a circle")
        return self._load(target, digest, hops - 1)

    def _check(self, key: str) -> None:
        with self._open(key) as entry:
            entry.parts(entry.envelope())

    def _note_files(self, key: str, fields: dict[str, Any], records: list[FileRecord]) -> None:
        if records:
            fields["files"] = records
            file_values.mark(self.backend, key, self._codecs.default, self._policy.signing_key)


def open_store(
    url: str | os.PathLike[str],
    *,
    codec: str = "gzip",
    codecs: Mapping[str, str] | None = None,
    trust: str = "pickle",
    signing_key: str | None = None,
    max_load: str | int | None = None,
    max_size: str | int | None = None,
    level: int | None = None,
    **options: Any,
) -> Cache:
    """Open a store; nothing is made before the first save.

    Args:
        url: A path, ``file:…``, ``sqlite:///path/to/file.db``, ``memory://``,
            ``tiered://?near=…&far=…`` of two others, or a URL of an installed backend.
        codec: ``"gzip"`` (compressed), ``"raw"`` (mapped into memory) or an installed codec's name.
        codecs: Other codecs for some names, such as ``{"Train()": "raw"}``.
        trust: ``"pickle"`` keeps everything; ``"safe"`` keeps and loads plain data only and never executes a pickle.
        signing_key: ``"env:NAME"`` or ``"file:/path"`` of a secret; entries are signed, unsigned ones are misses.
        max_load: Bytes (or text such as ``"8GB"``) that one value may take; the machine's memory if not given.
        max_size: Bytes (or text such as ``"20GB"``) above which a save evicts the least recently used entries.
        level: Compression level of ``gzip``, from 1 (fast, the default) to 9 (small).
        options: The backend's own, such as ``shared=True`` and ``durable=True`` of files and SQLite.

    Raises:
        BadURLError: ``url`` names no store.
        UnknownBackendError: No backend for its scheme is installed; lists the known ones.
        TypeError: An option that the backend does not know.
    """
    backend = open_backend(url, options)
    for part in getattr(backend, "parts", (backend,)):
        root = getattr(part, "root", None)
        if isinstance(root, str) and trust == "pickle" and signing_key is None and not getattr(part, "shared", False):
            warn_of_others(root)
    return Cache(
        backend,
        codec,
        codecs=codecs,
        trust=trust,
        signing_key=signing_key,
        max_load=max_load,
        max_size=max_size,
        level=level,
    )


def _reopen(spec: dict[str, Any]) -> Cache:
    return open_store(**spec)


# As in pickles and keys made by 0.2.0.
open_store.__module__ = "pyperunner_cache._open"
_reopen.__module__ = "pyperunner_cache._cache"
