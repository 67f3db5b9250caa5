"""Notebooks: a run as a table in the cell that runs it, and cells as tasks. IPython is imported only there."""
