"""scikit-learn's own tests of its Pipeline, with our store in the place of joblib's memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import sklearn

PLUGIN = """
import os
import joblib
from pyperunner_cache import open_store

real, everywhere = joblib.Memory, {everywhere}

def memory(location=None, **options):
    if location is None and everywhere:  # one place for each test
        location = "of-" + "".join(filter(str.isalnum, os.environ["PYTEST_CURRENT_TEST"]))
    return real(None, verbose=0) if location is None else {made}

joblib.Memory = memory
"""
OURS, JOBLIBS = "open_store(location)", "real(location, verbose=0)"


def suite(folder, made, everywhere):
    """Run scikit-learn's tests; return how many passed, and the names of those that did not."""
    folder.mkdir()
    (folder / "another_memory.py").write_text(PLUGIN.format(made=made, everywhere=everywhere))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "another_memory", "-p", "no:cacheprovider", "-rfE"]
    command += ["-c", os.devnull, "--confcutdir", str(Path(sklearn.__file__).parent)]
    command += ["--pyargs", "sklearn.tests.test_pipeline"]
    variables = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=variables, check=False)
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed, done.stdout + done.stderr
    return int(passed[1]), set(re.findall(r"^(?:FAILED|ERROR) \S*?::(\S+)", done.stdout, re.MULTILINE))


def test_its_tests_of_memory_pass_on_our_store(tmp_path):
    passed, failed = suite(tmp_path / "ours", OURS, everywhere=False)
    assert (passed > 100, failed) == (True, set())


def test_where_every_pipeline_has_a_store_no_test_fails_that_passes_with_joblibs(tmp_path):
    """Some rely on a Pipeline without memory, which fits the very objects that it is given instead of copies."""
    ours = suite(tmp_path / "ours", OURS, everywhere=True)
    joblibs = suite(tmp_path / "joblib's", JOBLIBS, everywhere=True)
    assert ours[1] <= joblibs[1]
    assert ours[0] >= joblibs[0]
    assert list((tmp_path / "ours").glob("of-*/*/*/result.dump.gz"))
