"""Identity: what a task's hash is made of, and what differs between two of them."""
