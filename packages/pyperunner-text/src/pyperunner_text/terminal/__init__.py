"""The terminal: how many columns a text takes there, and how a line gets there whatever it is."""
