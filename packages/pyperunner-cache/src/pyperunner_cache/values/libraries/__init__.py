"""Values of numpy, pandas and polars: how each is packed and read back, and what an Arrow file must look like."""
