"""One recorded task once more, in this process."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path

import pytest

from pyperunner_dag import MapError, PipelineError
from pyperunner_results import OutputMissing, PipelineResult, UnknownTask
from pyperunner_runner import replay


@pytest.fixture
def module(kit, monkeypatch):
    shutil.copy(Path(__file__).with_name("replayed.py"), kit.folder / "replayed_copy.py")
    monkeypatch.syspath_prepend(str(kit.folder))
    # Byte code is told apart by whole seconds, and a test edits the module within one.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield importlib.import_module("replayed_copy")
    sys.modules.pop("replayed_copy", None)


@pytest.fixture
def recorded(kit, module):
    def record(divisor):
        runner = kit.runner()
        runner.run(module.pipeline(divisor))
        return PipelineResult.from_file(runner.run_folder)

    return record


def test_recorded_params_and_inputs_give_the_output_again(recorded):
    assert replay(recorded(2), "Ratio()") == 1.0


def test_the_exception_comes_out_with_its_frames(recorded):
    results = recorded(0)
    assert results.task("Ratio()").status == "FAILURE"
    with pytest.raises(ZeroDivisionError) as caught:
        replay(results, "Ratio()")
    assert caught.traceback[-1].name == "ratio"
    assert caught.traceback[-1].locals["by"] == 3


def test_changed_code_is_warned_of(recorded, kit, module):
    results = recorded(2)
    path = kit.folder / "replayed_copy.py"
    path.write_text(path.read_text().replace("/ divisor", "* divisor"))
    sys.modules.pop("replayed_copy")
    importlib.invalidate_caches()
    with pytest.warns(UserWarning, match=r"Ratio\(\) is not what it was"):
        assert replay(results, "Ratio()") == 4.0


def test_an_unknown_task_and_a_missing_input_are_named(recorded, kit):
    results = recorded(2)
    with pytest.raises(UnknownTask, match=r"Ratio\(\)"):
        replay(results, "Ratioo()")
    (entry,) = kit.data_path.glob("Source*first*/*/result.dump.gz")
    entry.unlink()
    with pytest.raises(OutputMissing, match=r"Source\(first\)"):
        replay(results, "Ratio()")


def test_modules_that_are_not_allowed_are_not_imported(recorded):
    results = recorded(2)
    sys.modules.pop("replayed_copy")
    with pytest.raises(PipelineError, match="replayed_copy"):
        replay(results, "Ratio()", modules=["other.*"])
    assert "replayed_copy" not in sys.modules


@pytest.fixture
def mapped(kit, module):
    def record(bad=None):
        runner = kit.runner(executor="inline")
        runner.run(module.mapped(bad))
        return PipelineResult.from_file(runner.run_folder)

    return record


@pytest.mark.filterwarnings("error")
def test_elements_of_mapped_tasks_and_what_follows_from_them(mapped):
    results = mapped()
    assert replay(results, "Names()") == {"k0": 0, "k1": 1, "k2": 2}
    assert replay(results, "Each(*)[k1]") == 2
    assert replay(results, "Twice(*)[k2]") == 6
    assert replay(results, "Both()") == replay(results, "After()") == [2, 4, 6, "some", 1, 2, 3]
    with pytest.raises(MapError, match=r"Each\(\*\).* stands for its elements"):
        replay(results, "Each(*)")
    with pytest.raises(UnknownTask):
        replay(results, "Each(*)[k7]")


def test_an_element_that_failed_fails_again_and_others_do_not(mapped):
    results = mapped(bad=1)
    with pytest.raises(ValueError, match="bad"):
        replay(results, "Each(*)[k1]")
    assert replay(results, "Each(*)[k2]") == 3
    with pytest.raises(OutputMissing, match=r"Each\(\*\)\[k1\]"):
        replay(results, "Twice(*)[k1]")
