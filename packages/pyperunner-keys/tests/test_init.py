from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyperunner_keys


def test_all_names_are_there():
    assert {"encode", "digest", "digest_bytes", "fingerprint", "Fingerprint", "importable_name"} <= {
        *pyperunner_keys.__all__
    }
    for name in pyperunner_keys.__all__:
        assert getattr(pyperunner_keys, name) is not None


def test_nothing_heavy_is_imported():
    code = "import sys, pyperunner_keys as k; k.digest({'a': [1, 2.5, 'x']}); print(*sys.modules)"
    environment = {"PYTHONPATH": str(Path(pyperunner_keys.__file__).parents[1])}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "polars", "ast", "inspect", "dataclasses", "logging"} & {*ran.stdout.split()}
