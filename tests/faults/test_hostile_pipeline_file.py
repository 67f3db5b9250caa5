"""A pipeline file that somebody else has written: refused within a tenth of a second, and nothing of it is executed."""

from __future__ import annotations

import sys
import time

import pytest

import pyperunner
from pyperunner_dag import PipelineFileError
from pyperunner_results import YamlError

WHOLE = """
pipeline: {{name: p}}
tasks:
  A(): {{name: A, module: planted, tag: '', params: {params}, hash: {hash}, parents: []}}
"""
LAYERS = "".join(f", {chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]" for n in range(20))
ALIASES = f"{{a: &a [x, x, x, x, x, x, x, x, x, x]{LAYERS}}}"
HOSTILE = {
    "alias bomb": WHOLE.format(params=ALIASES, hash="x"),
    "deep list": WHOLE.format(params="{a: " + "[" * 100_000, hash="x"),
    "deep mapping": "tasks: " + "{a: " * 100_000,
    "key twice": WHOLE.format(params="{}", hash="x") + WHOLE.format(params="{}", hash="y").partition("tasks:\n")[2],
    "apply": WHOLE.format(params="{a: !!python/object/apply:os.system ['touch executed']}", hash="x"),
    "new": WHOLE.format(params="{a: !!python/object/new:planted.X []}", hash="x"),
    "module": WHOLE.format(params="{a: !!python/module:planted ''}", hash="x"),
    "name": WHOLE.format(params="{a: !!python/name:planted.x ''}", hash="x"),
}


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A module that leaves a mark when it is imported."""
    (tmp_path / "planted.py").write_text("open('executed', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    sys.modules.pop("planted", None)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("read", [pyperunner.Pipeline.from_file, pyperunner.PipelineResult.from_file])
def test_refused_at_once(planted, text, read):
    (planted / "pipeline.yaml").write_text(text)
    took = []
    for _ in range(3):
        start = time.process_time()
        with pytest.raises((PipelineFileError, YamlError)):
            read("pipeline.yaml")
        took.append(time.process_time() - start)
    assert min(took) < 0.1
    assert not (planted / "executed").exists()
    assert "planted" not in sys.modules


def test_a_module_that_is_not_allowed_is_not_imported(planted):
    (planted / "pipeline.yaml").write_text(WHOLE.format(params="{}", hash="x"))
    with pytest.raises(PipelineFileError, match="planted"):
        pyperunner.Pipeline.from_file("pipeline.yaml", modules=["flow", "flow.*"])
    assert not (planted / "executed").exists()


def test_reading_results_imports_nothing_that_a_file_names(planted):
    (planted / "pipeline.yaml").write_text(WHOLE.format(params="{a: {$class: 'planted:X'}}", hash="x"))
    results = pyperunner.PipelineResult.from_file("pipeline.yaml", planted)
    assert results.task("A()").params == {"a": {"$class": "planted:X"}}
    with pytest.raises(KeyError):
        results["A()"]
    assert not (planted / "executed").exists()
