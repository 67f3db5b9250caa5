"""Showing how a run gets on and what it came to."""
