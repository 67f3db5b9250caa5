"""Sharing: limits that several runs on one host have in common."""
