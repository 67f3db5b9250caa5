"""Comparing runs: with each other, and with this process as it is now."""
