"""Reading: the entry of one key, opened, checked and decoded.

Whatever is wrong with an entry becomes a warning, a place in quarantine and a miss.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from pyperunner_cache.entry.blobs import BodyBlob
from pyperunner_cache.entry.envelope import PLAIN, BodyHash, Envelope, body_is_whole, open_envelope, payload_digest
from pyperunner_cache.errors import (
    DamagedEntryError,
    DamagedEntryWarning,
    EntryTooLargeError,
    ForeignEntryError,
    MissingEntryError,
    PickleRefusedError,
    StorageError,
    UnreadableEntryWarning,
    UnsafeStoreWarning,
    UntrustedEntryError,
)
from pyperunner_cache.ports import SupportsSetAside
from pyperunner_cache.values.pack import unpack

if TYPE_CHECKING:
    from pyperunner_cache.entry.signing import SigningKey
    from pyperunner_cache.entry.versions import Versions
    from pyperunner_cache.ports import Backend, Blob, Buffer, Codec

__all__ = ["ALIAS_HOPS", "EntryReader", "Policy", "checked_envelope", "refusal_of_pickle"]

ALIAS_HOPS = 8
"""So many aliases are followed."""

_STEP = 1 << 20
_UNTRUSTED = (
    "it holds a pickle, which can run code, and may come from somebody else: {who}; open the store with trust='safe' "
    "or a signing_key, or with shared=True to say that you trust them"
)


class Policy(NamedTuple):
    """What a store accepts."""

    codec_named: Callable[[str], Codec]
    pickles: bool
    signing_key: SigningKey | None
    max_load: int
    versions: Versions | None = None
    """Says which versions of signed entries are the latest."""
    trusts_others: bool = False
    """Whether pickles of other users are executed, too."""

    @property
    def is_cautious(self) -> bool:
        """Whether an entry may come from a stranger, so that nothing is done because it says so."""
        return not self.pickles and self.signing_key is None


def checked_envelope(
    blob: Blob, key: str, policy: Policy, counts: Mapping[str, int | None] = MappingProxyType({})
) -> Envelope:
    """Return head and tail of an entry that a store may decode, and that was written for ``key``.

    Args:
        blob: The entry.
        key: Under which it lies.
        policy: What the store accepts.
        counts: Of signed entries: numbers of latest versions that are known already.

    Raises:
        DamagedEntryError: It was not, or is not what was written.
        ForeignEntryError: This store must not decode it.
    """
    envelope = open_envelope(blob, policy.signing_key)
    if envelope.head["key"] != key:
        raise DamagedEntryError(f"it was written for {envelope.head['key']!r:.200}")
    if policy.versions is not None:
        policy.versions.check(key, envelope.head, counts)
    return envelope


def refusal_of_pickle(blob: Blob, policy: Policy) -> ForeignEntryError | None:
    """Return the error with which a pickle in an entry is refused, ``None`` where it is executed."""
    if not policy.pickles:
        return PickleRefusedError()
    if policy.signing_key or policy.trusts_others:
        return None
    who = getattr(blob, "others", None)  # isinstance(…, SupportsOthers) takes a fifth of a load
    return None if who is None else UntrustedEntryError(_UNTRUSTED.format(who=who))


class EntryReader:
    """Opens the entry of a key for the length of a ``with`` block.

    Nothing is decoded before the body, and nothing is rebuilt before the payload, has passed its checksum. What
    somebody else may write, or is signed because somebody might, is read once: what was checked is what is decoded.

    Args:
        backend: Where the entry is.
        key: Under which it was written.
        policy: What the store accepts.

    Raises:
        MissingEntryError: On entering, when there is none; on leaving, when it was unusable.
    """

    blob: Blob

    def __init__(self, backend: Backend, key: str, policy: Policy) -> None:
        self._backend, self._key, self._policy = backend, key, policy

    def __enter__(self) -> EntryReader:
        try:
            self.blob = self._backend.get(self._key)
        except KeyError:
            raise MissingEntryError(self._key, str(self._backend)) from None
        except DamagedEntryError as error:
            self._turn_into_miss(None, error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, (DamagedEntryError, ForeignEntryError, EntryTooLargeError)):
                self._turn_into_miss(self.blob, error)
        finally:
            self.blob.close()

    def envelope(self) -> Envelope:
        """Return head and tail, checked, of an entry that was written for the key.

        Raises:
            DamagedEntryError: It was not, or is not what was written.
            ForeignEntryError: This store must not decode it.
        """
        return checked_envelope(self.blob, self._key, self._policy)

    def value(self, envelope: Envelope) -> Any:
        """Return the value.

        Raises:
            CacheError: As `parts`, or the parts are no value.
        """
        refusal = refusal_of_pickle(self.blob, self._policy)
        try:
            return unpack(self.parts(envelope), pickles=refusal is None)
        except PickleRefusedError:
            assert refusal is not None
            raise refusal from None

    def parts(self, envelope: Envelope) -> list[Buffer]:
        """Return the checked parts of the value.

        Raises:
            DamagedEntryError: The bytes are not what was written.
            ForeignEntryError: This store must not or cannot decode them.
            EntryTooLargeError: They claim more memory than the store allows.
        """
        sizes = envelope.head["parts"]
        if sum(sizes) != envelope.payload_size or not sizes:
            raise DamagedEntryError("its part sizes contradict each other")
        if envelope.payload_size > self._policy.max_load:
            limit = f"more than max_load={self._policy.max_load:,}"
            raise EntryTooLargeError(f"its value takes {envelope.payload_size:,} bytes, {limit}")
        codec = self._codec(envelope.head["codec"])
        body = BodyBlob(self.blob, envelope.body_offset, envelope.body_size, envelope.first)
        if self._policy.signing_key or getattr(self.blob, "others", None) is not None:
            if body.size > self._policy.max_load:
                raise EntryTooLargeError(f"its body takes {body.size:,} bytes, more than max_load allows")
            body = body.copied()
        if envelope.scheme != PLAIN:
            _check_body(body, envelope)
        elif not codec.verbatim:
            raise DamagedEntryError("its body has no checksum")
        parts = codec.decode(body, sizes)
        if [len(part) for part in parts] != sizes or payload_digest(parts).hex() != envelope.digest:
            raise DamagedEntryError("its payload does not match its checksum")
        return parts

    def _codec(self, name: str) -> Codec:
        try:
            return self._policy.codec_named(name)
        except LookupError as error:
            raise ForeignEntryError(f"it was written with the codec {name!r:.60}: {error!s:.200}") from None

    def _turn_into_miss(
        self, blob: Blob | None, error: DamagedEntryError | ForeignEntryError | EntryTooLargeError
    ) -> NoReturn:
        place = None
        if blob is not None and isinstance(error, DamagedEntryError) and isinstance(self._backend, SupportsSetAside):
            try:
                place = self._backend.set_aside(self._key, blob)
            except (OSError, StorageError):
                pass  # a store that may only be read: the warning says what is wrong all the same
        aside = f"; it was set aside as {place}" if place else ""
        kinds = {UntrustedEntryError: UnsafeStoreWarning, DamagedEntryError: DamagedEntryWarning}
        kind = next((kinds[each] for each in kinds if isinstance(error, each)), UnreadableEntryWarning)
        said = f"the entry {self._key!r} in {self._backend} counts as absent: {error.reason}{aside}"
        warnings.warn(said, kind, stacklevel=5)
        raise MissingEntryError(self._key, str(self._backend), error.reason) from error


def _check_body(body: BodyBlob, envelope: Envelope) -> None:
    found = BodyHash(envelope.scheme)
    if body.size <= _STEP:
        found.update(body.read(0, body.size))
    else:
        step = memoryview(bytearray(_STEP))
        for offset in range(0, body.size, _STEP):
            piece = step[: min(_STEP, body.size - offset)]
            if body.readinto(offset, [piece]) != len(piece):
                break
            found.update(piece)
    if not body_is_whole(envelope, found):
        raise DamagedEntryError("its body does not match its checksum")
