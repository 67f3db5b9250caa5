"""Data flow: what of which output goes to which task, in this process and in another."""
