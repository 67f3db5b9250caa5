"""Kept for stores written by 0.2.0, whose pickles name it; see ``pyperunner_keys.digests``."""

from __future__ import annotations

from pyperunner_keys.digests import digest, digest_bytes, digest_files, encode

__all__ = ["digest", "digest_bytes", "digest_files", "encode"]
