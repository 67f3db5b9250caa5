"""Values of options: what each may be, and the one form in which it is kept."""
