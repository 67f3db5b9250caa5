"""Context in which the code of a task runs: environment variables, random numbers, displays."""
