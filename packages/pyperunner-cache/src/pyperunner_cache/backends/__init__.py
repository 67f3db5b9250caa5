"""Backends: the built-in ones, each in a module of its own, and what other backends can be made of.

`split_key`, `safe_name`, `key_digest` and `unsafe_name` turn keys into file names and back, `key_of` reads the key
inside an entry, `BytesBlob` is an entry in memory, `translating` turns `OSError` into the cache's own errors.
"""

from __future__ import annotations

from pyperunner_cache.backends.names import key_digest, safe_name, split_key, unsafe_name
from pyperunner_cache.backends.os_errors import translating
from pyperunner_cache.entry.blobs import BytesBlob
from pyperunner_cache.entry.envelope import key_of

__all__ = ["BytesBlob", "key_digest", "key_of", "safe_name", "split_key", "translating", "unsafe_name"]
