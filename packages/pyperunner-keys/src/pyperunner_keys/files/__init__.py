"""Files and folders that count by their content, and what is remembered of contents read before."""
