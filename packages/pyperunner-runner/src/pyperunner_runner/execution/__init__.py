"""Execution: one run, from its first job to its record, in the process of the runner."""
