"""Outputs as files: tables, pictures, JSON, pickles, text and bytes."""
