"""Commands around both: stores tidied, settings shown, completion of shells."""
