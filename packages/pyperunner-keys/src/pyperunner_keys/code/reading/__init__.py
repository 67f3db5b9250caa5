"""Source text and byte code, and what they say: syntax, scopes, the names that are bound and used."""
