"""Processes: what the system can do with them and their descendants; every POSIX-only call stands here."""
