"""Stores: opening one by its URL, and outputs in it that hold files."""
