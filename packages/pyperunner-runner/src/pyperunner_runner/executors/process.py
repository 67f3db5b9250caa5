"""The executor called ``process``: one process per task, made in the way that the platform allows."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from pyperunner_runner.executors.windows import PortableExecutor as ProcessExecutor
else:
    from pyperunner_runner.executors.per_task import ProcessExecutor

__all__ = ["ProcessExecutor"]
