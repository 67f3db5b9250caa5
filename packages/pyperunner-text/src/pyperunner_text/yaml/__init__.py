"""YAML both ways: read from files that anyone may have written, written so that any loader reads it."""
