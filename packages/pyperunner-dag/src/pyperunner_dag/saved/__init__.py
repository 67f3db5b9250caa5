"""Saved pipelines: their form in plain values and YAML, and the way back to tasks."""
