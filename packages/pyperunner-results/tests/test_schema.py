"""The schema: every fact that it knows is described, and has a reader that gives it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner_results import PipelineResult
from pyperunner_results.schema import NO_FACTS, Facts, Figures, Outcome, Times

PAGE = Path(__file__).parents[3] / "docs" / "run-folder.md"
SAID = {"exit": -9, "cpu": 0.5, "max_rss": 3, "read": 4, "written": 5, "oom": True, "lost": True, "size": 6,
        "digest": "d", "undeclared": ["f"], "status": "FAILURE", "error": "e", "traceback": "t", "uss_peak": 7,
        "start": 1.0, "end": 2.0, "wall": 1.0}  # fmt: skip


def test_what_was_not_recorded_is_none():
    assert dict.fromkeys(Facts.__annotations__) == NO_FACTS
    assert set(SAID) == {*Figures.__annotations__, *Outcome.__annotations__, *Times.__annotations__}


@pytest.mark.parametrize("name", sorted(NO_FACTS))
def test_every_fact_is_described(name):
    assert f"`{name}`" in PAGE.read_text()


def test_every_fact_of_an_attempt_comes_back(folder, make_conf):
    folder.write_pipeline(make_conf({"A()": ({}, [])}))
    folder.event("task_finished", task="A()", attempt=1, **SAID)
    task = PipelineResult.from_file(folder.path).task("A()")
    assert {name: task.fact(name) for name in SAID} == SAID
    assert (task.memory_own, task.memory_resident, task.output_size, task.output_digest) == (7, 3, 6, "d")
    assert (task.cpu, task.wall, task.start, task.end, task.undeclared) == (0.5, 1.0, 1.0, 2.0, ["f"])


def test_a_fact_of_another_type_than_it_must_have_is_none(folder, make_conf):
    folder.write_pipeline(make_conf({"A()": ({}, [])}))
    folder.event("task_finished", task="A()", attempt=1, **{name: {"no": "fact"} for name in SAID})
    task = PipelineResult.from_file(folder.path).task("A()")
    known = (task.memory_own, task.memory_resident, task.output_size, task.output_digest, task.cpu, task.wall)
    assert known == (None,) * 6
    assert (task.error, task.traceback, task.undeclared) == (None, None, [])
