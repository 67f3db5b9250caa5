"""The built-in codecs, each in a module of its own that its entry point names."""
