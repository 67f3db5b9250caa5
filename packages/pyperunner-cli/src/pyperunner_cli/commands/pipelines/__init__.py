"""Commands on a pipeline: planned, run, drawn, accepted."""
