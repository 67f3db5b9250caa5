"""Canonical encodings, digests and code fingerprints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_keys.digests import KEY_FORMAT, digest, digest_bytes, digest_files, digest_texts, encode
from pyperunner_keys.errors import FileError, FingerprintGapError, KeysError, UnencodableError
from pyperunner_keys.files.values import File, FileState, Folder, look, look_ahead, note, record, recording
from pyperunner_keys.names import importable_name
from pyperunner_text import __version__
from pyperunner_text.former_names import keep_former_modules

if TYPE_CHECKING:
    from pyperunner_keys.code.as_loaded import ModuleText, module_text
    from pyperunner_keys.code.fingerprint import Fingerprint, Fingerprinter, Snapshot, fingerprint
    from pyperunner_keys.code.live import LiveFingerprint
    from pyperunner_keys.code.places import Place, unpack_places
    from pyperunner_keys.code.reading.source import loaded_digest

__all__ = [
    "KEY_FORMAT",
    "File",
    "FileError",
    "FileState",
    "Fingerprint",
    "FingerprintGapError",
    "Fingerprinter",
    "Folder",
    "KeysError",
    "LiveFingerprint",
    "ModuleText",
    "Place",
    "Snapshot",
    "UnencodableError",
    "__version__",
    "digest",
    "digest_bytes",
    "digest_files",
    "digest_texts",
    "encode",
    "fingerprint",
    "importable_name",
    "loaded_digest",
    "look",
    "look_ahead",
    "module_text",
    "note",
    "record",
    "recording",
    "unpack_places",
]

keep_former_modules(
    __name__,
    {
        "_digest": "digests",
        "_errors": "errors",
        "_file_values": "files.values",
        "_fingerprint": "code.fingerprint",
        "_names": "names",
        "_places": "code.places",
    },
)


def __getattr__(name: str) -> Any:
    # What reads code needs the parser and more; who only makes keys of values does without.
    if name in ("Fingerprint", "Fingerprinter", "Snapshot", "fingerprint"):
        from pyperunner_keys.code import fingerprint

        return getattr(fingerprint, name)
    if name in ("ModuleText", "module_text"):
        from pyperunner_keys.code import as_loaded

        return getattr(as_loaded, name)
    if name == "LiveFingerprint":
        from pyperunner_keys.code.live import LiveFingerprint

        return LiveFingerprint
    if name in ("Place", "unpack_places"):
        from pyperunner_keys.code import places

        return getattr(places, name)
    if name == "loaded_digest":
        from pyperunner_keys.code.reading import source

        return source.loaded_digest
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
