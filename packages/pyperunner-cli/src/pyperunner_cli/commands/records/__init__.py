"""Commands on records: what runs there were, what they made, how they differ."""
