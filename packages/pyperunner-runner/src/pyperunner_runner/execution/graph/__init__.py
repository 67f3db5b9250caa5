"""Graph of a run as it goes on: what is mapped grows; and what an executor is told of it."""
