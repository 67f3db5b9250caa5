"""Supervisor: the process that starts the processes of tasks, ends them and reports their ends."""
