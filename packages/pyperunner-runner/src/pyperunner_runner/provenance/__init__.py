"""Provenance: what code and inputs made a stored output, why a task runs again, when an output may stand."""
