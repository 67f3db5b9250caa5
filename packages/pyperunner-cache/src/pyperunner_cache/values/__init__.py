"""Values: what a task returns to parts and back, exactly (``docs/format-v1.md``, "Values")."""
