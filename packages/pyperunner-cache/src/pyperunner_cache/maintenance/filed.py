"""The part of a cache that knows which of its values stand for files, and whether those are still what they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_cache.entry.entry import Draft, Policy, read_envelope
from pyperunner_cache.errors import MissingEntryError
from pyperunner_cache.maintenance.file_markers import absent_markers, marked
from pyperunner_cache.maintenance.tended import Tended
from pyperunner_cache.values.pack import pack
from pyperunner_keys import FileState, note

if TYPE_CHECKING:
    from pyperunner_cache.entry.reading import Checked
    from pyperunner_cache.ports import Codec

__all__ = ["Filed"]


class Filed(Tended):
    """The methods of a cache that concern files in values: a ``File`` is kept as path and digest, without content."""

    _policy: Policy
    _options: dict[str, Any]

    def _codec_named(self, name: str) -> Codec:
        """Return a codec."""
        raise NotImplementedError("a subclass says which codecs there are")

    def _checked(self, key: str) -> Checked:
        """Open the entry of ``key``."""
        raise NotImplementedError("a subclass says how entries are opened")

    def files(self, keys: Iterable[str]) -> dict[str, list[dict[str, str]]]:
        """Return what is recorded of the files and folders in the values of ``keys``, for those that hold any.

        In a store without such values this costs one look, else one trip and one read for each of them.

        Returns:
            By key, a list of mappings with ``path``, ``place`` (absolute), ``digest`` and, for a folder, ``glob``.
        """
        found = {}
        for key in marked(self.backend, keys):
            try:
                with self._checked(key) as blob:
                    records = read_envelope(blob, key, self._policy)[0].head.get("files")
            except MissingEntryError:
                continue
            if records:
                found[key] = records
        return found

    def _check_files(self, key: str, records: Iterable[Mapping[str, str]]) -> None:
        """Make sure that the files of a value are what they were, and note them for who loads it."""
        for record in records:
            try:
                now = FileState.of(record).recheck()
            except (ValueError, AttributeError):
                now = "what it says of files cannot be read"
            if isinstance(now, str):
                raise MissingEntryError(key, str(self.backend), now)
            note(now)

    def _mark(self, key: str) -> None:
        """Note that the value of ``key`` holds files, before there is an entry that says so."""
        codec = self._codec_named(self._options["codec"])
        for marker in absent_markers(self.backend, key):
            draft = Draft(marker, pack(None), codec, {}, self._policy.signing_key)
            self.backend.put(marker, draft.chunks(), codec.filename)
