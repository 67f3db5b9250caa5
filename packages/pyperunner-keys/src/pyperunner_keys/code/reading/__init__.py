"""Source text and byte code, read without a look at what lives: syntax, scopes, names that are used."""
