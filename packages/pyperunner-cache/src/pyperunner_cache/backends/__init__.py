"""The built-in backends, each in a module of its own that its entry point names."""
