"""Reading runs: what they recorded, what their tasks put out, which there are."""
