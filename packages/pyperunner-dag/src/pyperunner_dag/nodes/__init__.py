"""Nodes: what of one another can take."""
