"""Loading what a command names: a target, a file, a recorded run, its settings."""
