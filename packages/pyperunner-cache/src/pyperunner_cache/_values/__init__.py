"""Kept for stores written by 0.2.0: pickles in them name ``pyperunner_cache._values._main``."""
