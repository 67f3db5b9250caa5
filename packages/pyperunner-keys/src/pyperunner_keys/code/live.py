"""Live fingerprints: of some code as it is at each moment, read anew only where something may have changed."""

from __future__ import annotations

from typing import Any

from pyperunner_keys.code.fingerprint import Fingerprinter, Snapshot, Traits

__all__ = ["LiveFingerprint"]


class LiveFingerprint:
    """The fingerprint of some code as it is whenever it is asked for. Threads may share one.

    Pickled with the code it is of, it stays the same in another process as long as nothing changes there; for that it
    takes the fingerprint along: code that travels by value has no text there.

    Args:
        obj: What it describes.
        **options: See ``Fingerprinter.fingerprint``.
    """

    def __init__(self, obj: Any, **options: Any) -> None:
        self._obj = obj
        self._options = options
        self._snapshot: Snapshot | None = None
        self._sent: tuple[str, Traits] | None = None
        self._as_sent: dict[str, str] = {}

    def digest(self) -> str:
        """Return the digest of the code as it is now."""
        found = self._now().fingerprint.digest
        return self._as_sent.get(found, found)

    def _now(self) -> Snapshot:
        known = self._snapshot
        if known is not None and known.holds():
            return known
        # Without a lock, which a fork might inherit: threads that read at the same time read the same.
        sent, known = self._sent, Fingerprinter().snapshot(self._obj, **self._options)
        if sent is not None and known.agrees_with(sent[1]):
            self._as_sent[known.fingerprint.digest] = sent[0]
        self._snapshot, self._sent = known, None
        return known

    def __pyperunner_key__(self) -> None:
        """Count as nothing: what it is of counts where that is held."""

    def __getstate__(self) -> tuple[Any, ...]:
        digest = self.digest()
        return self._obj, self._options, digest, self._now().traits

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._obj, self._options, *sent = state
        self._snapshot, self._as_sent = None, {}
        self._sent = (sent[0], sent[1])
