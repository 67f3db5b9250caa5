"""Outputs: what a task puts out, one or several, and the parts of it that others take."""
