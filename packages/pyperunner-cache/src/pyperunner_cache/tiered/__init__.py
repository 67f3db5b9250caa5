"""Tiers: a near store before a far one."""
