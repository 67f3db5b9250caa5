"""Upkeep: which records go, and what those that stay need of the store."""
