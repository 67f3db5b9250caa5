from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch, tmp_path):
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYPERUNNER_OPENLINEAGE_WAIT", "60")  # machines that test are busy
