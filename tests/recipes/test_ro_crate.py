"""Exported runs pass the validator of the RO-Crate profiles."""

from __future__ import annotations

import subprocess
import sys
import urllib.request

import pytest
from rocrate_validator import models, services

FLOW = """
from pyperunner import Pipeline, task

@task("Load")
def load(n, name="x"):
    return list(range(n))

@task("Broken")
def broken(data):
    raise ValueError("no mean today")

@task("Mean")
def mean(data):
    return sum(data[0]) / len(data[0])

data = load("first set", n=4)
mean()(data)
broken()(data)
pipeline = Pipeline("flow", [data])
"""


@pytest.fixture
def crate(tmp_path):
    (tmp_path / "flow.py").write_text(FLOW)

    def command(*arguments, code=0):
        done = subprocess.run([sys.executable, "-m", "pyperunner_cli", *arguments], cwd=tmp_path, check=False)
        assert done.returncode == code

    command("run", "flow.py", "--no-report", code=1)
    command("export", "latest", "--format", "ro-crate", "-o", "crate")
    return tmp_path / "crate"


@pytest.mark.parametrize("profile", ["process-run-crate", "workflow-run-crate", "provenance-run-crate"])
def test_it_meets_all_that_a_profile_requires(crate, profile):
    try:
        urllib.request.urlopen("https://w3id.org/ro/crate/1.1/context", timeout=10).close()
    except OSError:
        pytest.skip("needs w3id.org, where the validator finds the terms of RO-Crate")
    settings = {
        "rocrate_uri": str(crate),
        "profile_identifier": profile,
        "requirement_severity": models.Severity.REQUIRED,
    }
    result = services.validate(services.ValidationSettings.parse(settings))
    assert [f"{issue.check.identifier}: {issue.message}" for issue in result.get_issues()] == []
