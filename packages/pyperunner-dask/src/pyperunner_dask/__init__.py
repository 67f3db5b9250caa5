"""Tasks of pyperunner on the workers of a Dask cluster: the executor ``dask``."""

from __future__ import annotations

from pyperunner_dask.executor import DaskExecutor
from pyperunner_text import __version__

__all__ = ["DaskExecutor", "__version__"]
