"""Codecs: the built-in ones, each in a module of its own that its entry point names."""
