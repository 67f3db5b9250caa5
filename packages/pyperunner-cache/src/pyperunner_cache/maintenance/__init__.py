"""Maintenance: list, count, verify, evict and sweep the entries of a store."""
