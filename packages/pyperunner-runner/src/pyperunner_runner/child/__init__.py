"""Child: what happens in the process of a task."""
