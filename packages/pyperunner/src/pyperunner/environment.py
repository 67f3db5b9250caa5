"""What a run records of the place it ran in."""

from __future__ import annotations

from pyperunner_results import get_environment_info

__all__ = ["get_environment_info"]
