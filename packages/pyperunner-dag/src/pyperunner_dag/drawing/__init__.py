"""Drawings of a graph: places of boxes and lines, and painters of them."""
