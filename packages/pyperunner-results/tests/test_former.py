"""Former modules: what 0.2.0 has pickled finds its classes, and what is pickled today says the same."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

import pyperunner_results

FORMER = {
    "_diff": "CodeChange RunDiff TaskDiff diff",
    "_drift": "drift",
    "_environment": "get_environment_info",
    "_errors": "NotARun OutputMissing RecordError ResultsError StoreUnavailable UnknownTask YamlError",
    "_folder": "RunFolder TaskLog run_name",
    "_history": "RunSummary runs",
    "_pipeline_result": "PipelineResult",
    "_process": "process_identity process_is_alive",
    "_report._write": "write_report",
    "_run_section": "run_section",
    "_task_result": "TaskResult",
    "_text": "strip_credentials",
    "_times": "times_of_tasks",
    "ports": "OutputReader",
}
LATER = {"__version__", "TaskUnsuccessful", "export_run"}  # names that 0.2.0 did not have
NAMES = [(module, name) for module, names in FORMER.items() for name in names.split()]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_a_public_name_is_known_by_the_module_it_had(module, name):
    now = getattr(pyperunner_results, name)
    assert now.__module__ == f"pyperunner_results.{module}"
    assert pickle.loads(f"cpyperunner_results.{module}\n{name}\n.".encode()) is now
    assert pickle.loads(pickle.dumps(now)) is now


def test_every_public_name_has_one():
    assert sorted(name for _, name in NAMES) == sorted(set(pyperunner_results.__all__) - LATER)


def test_what_is_within_a_pickled_result_is_found_too():
    for name in ("_outputs\nOutputs", "_record\nRunRecord", "_record\nTaskRecord"):
        assert pickle.loads(f"cpyperunner_results.{name}\n.".encode()).__name__ == name.partition("\n")[2]
    with pytest.raises(AttributeError, match="Nothing"):
        pickle.loads(b"cpyperunner_results._record\nNothing\n.")


def test_a_fresh_process_finds_them_without_anything_imported_before():
    code = "import pickle; print(pickle.loads(b'cpyperunner_results._history\\nRunSummary\\n.').__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "RunSummary"
