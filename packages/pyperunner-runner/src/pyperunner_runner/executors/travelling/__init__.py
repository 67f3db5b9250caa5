"""Travelling: what goes along with tasks to other interpreters, and what keeps a task from going there."""
