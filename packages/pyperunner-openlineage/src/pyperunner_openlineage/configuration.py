"""Configuration: whether OpenLineage is to hear of runs. What it says is read by OpenLineage's own client."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["is_configured"]

_FILE = "openlineage.yml"


def is_configured() -> bool:
    """Say whether OpenLineage's client finds a transport, in variables or in a file, and is not switched off.

    Source: https://openlineage.io/docs/client/python/configuration
    """
    variables = os.environ
    if variables.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    if any(variables.get(name) for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")):
        return True
    if any(name.startswith("OPENLINEAGE__TRANSPORT") for name in variables):
        return True
    home = os.path.expanduser("~")  # noqa: PTH111 - for a user without a home it is no error, and stays what it is
    return any(file.is_file() for file in (Path(_FILE), Path(home, ".openlineage", _FILE)))
