"""Values of numpy, pandas, polars and Arrow: how each is encoded, in a module per library."""
