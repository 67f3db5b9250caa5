"""Fingerprints of code: parts, how each is filled, and the graph that they make."""
