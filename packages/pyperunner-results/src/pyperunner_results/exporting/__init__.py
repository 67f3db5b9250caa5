"""Exporting: the record of a run in forms that other programs read."""
