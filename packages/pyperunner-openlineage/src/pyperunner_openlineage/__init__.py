"""Lineage of runs, told to OpenLineage: a hook that is off unless OpenLineage is configured."""

from __future__ import annotations

from pyperunner_openlineage.hook import LineageIncomplete, OpenLineageHook
from pyperunner_text import __version__

__all__ = ["LineageIncomplete", "OpenLineageHook", "__version__"]
