"""Cues: what decides besides its key whether a task runs: ages, outputs that stand, conditions."""
