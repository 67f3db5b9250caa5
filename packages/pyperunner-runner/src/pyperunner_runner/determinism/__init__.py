"""Determinism: whether tasks make the same outputs again, and what else than their keys they depend on."""
