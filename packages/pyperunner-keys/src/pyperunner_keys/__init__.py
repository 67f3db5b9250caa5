"""Canonical encodings, digests and code fingerprints."""

from __future__ import annotations

from pyperunner_keys._digest import digest, digest_bytes, encode
from pyperunner_keys._errors import FingerprintGapError, KeysError, UnencodableError
from pyperunner_keys._fingerprint import Fingerprint, Fingerprinter, fingerprint
from pyperunner_keys._names import importable_name

__all__ = [
    "Fingerprint",
    "FingerprintGapError",
    "Fingerprinter",
    "KeysError",
    "UnencodableError",
    "__version__",
    "digest",
    "digest_bytes",
    "encode",
    "fingerprint",
    "importable_name",
]

__version__ = "0.2.0"
