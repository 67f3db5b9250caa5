"""Canonical encodings of values: a sink, and one module per family of types that writes to it."""
