"""Live fingerprints: of some code as it is at each moment, read anew only where something may have changed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from pyperunner_keys.code.fingerprint import Fingerprinter, Snapshot, Traits
from pyperunner_keys.code.reading.source import loaded_digest

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

    def unloaded(self) -> dict[str, str]:
        """Return what the code will import when it runs: digests of the texts that count, by the modules' names."""
        texts = self._snapshot.texts if self._snapshot is not None else {}
        return {name: digest for name, digest in texts.items() if name not in sys.modules} if texts else texts

    @staticmethod
    def loaded_otherwise(unloaded: Mapping[str, str]) -> list[str]:
        """Return the names of those modules that were loaded since, and from another text than the one that counted.

        Args:
            unloaded: What ``unloaded`` returned before.
        """
        loaded = {name: module for name in unloaded if (module := sys.modules.get(name)) is not None}
        return [name for name, module in loaded.items() if loaded_digest(module) not in ("", unloaded[name])]

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
