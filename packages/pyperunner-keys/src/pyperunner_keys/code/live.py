"""Live fingerprints: of some code as it is at each moment, read anew only where something may have changed."""

from __future__ import annotations

import threading
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
        self._guard = threading.Lock()

    def digest(self) -> str:
        """Return the digest of the code as it is now."""
        found = self._now().fingerprint.digest
        return self._as_sent.get(found, found)

    def _now(self) -> Snapshot:
        known = self._snapshot
        if known is not None and known.holds():
            return known
        with self._guard:
            known = self._snapshot
            if known is None or not known.holds():
                known = Fingerprinter().snapshot(self._obj, **self._options)
                if self._sent is not None and known.agrees_with(self._sent[1]):
                    self._as_sent[known.fingerprint.digest] = self._sent[0]
                self._snapshot, self._sent = known, None
        return known

    def __getstate__(self) -> tuple[Any, ...]:
        digest = self.digest()
        return self._obj, self._options, digest, self._now().traits

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._obj, self._options, *sent = state
        self._snapshot, self._as_sent, self._guard = None, {}, threading.Lock()
        self._sent = (sent[0], sent[1])
