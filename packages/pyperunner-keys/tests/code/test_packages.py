from __future__ import annotations

import importlib.metadata
import sys

from pyperunner_keys.code.packages import versions_of


def test_versions():
    found = versions_of(["xxhash", "json", "nowhere"])
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found == {"python": python, "xxhash": importlib.metadata.version("xxhash")}
