"""Planning: what of a pipeline runs, is loaded or is passed over, and whether it can."""
