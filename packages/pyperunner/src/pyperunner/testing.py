"""Runs of tasks and pipelines in tests."""

from __future__ import annotations

from pyperunner_runner.testing import run_pipeline, run_task

__all__ = ["run_pipeline", "run_task"]
