"""Entries: the bytes of one stored value, with key, checksums and signature (``docs/format-v1.md``)."""
