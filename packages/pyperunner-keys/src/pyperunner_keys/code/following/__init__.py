"""Names followed from code to what they stand for: loaded or not, the user's own or not."""
