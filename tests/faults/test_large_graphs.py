"""Deep graphs: a chain and a ladder are built, hashed, planned, drawn and saved without recursion, in linear time."""

from __future__ import annotations

import gc
import sys
import time
from itertools import pairwise

import pytest

from pyperunner import Pipeline, PipelineResult, Runner, task
from pyperunner_dag import draw_svg, draw_text, layout
from pyperunner_results import RunFolder, write_report


@task("Step")
def step(data, n):
    return n


def chain(length):
    tasks = [step(str(n), n=n) for n in range(length)]
    for parent, child in pairwise(tasks):
        child(parent)
    return Pipeline("chain", [tasks[0]])


def ladder(levels):
    """Two tasks per level, each of which needs both of the level above."""
    pairs = [[step(f"{side}{n}", n=n) for side in "lr"] for n in range(levels)]
    for upper, lower in pairwise(pairs):
        for child in lower:
            child(upper)
    return Pipeline("ladder", pairs[0])


def work(pipeline, folder):
    """Do everything that walks a graph, and return the CPU seconds that it took, without the garbage of other tests."""
    gc.collect()
    gc.freeze()
    began = time.process_time()
    dag = pipeline.dag()
    runner = Runner(folder / "data", folder / "runs")
    runner.set_pipeline(pipeline)
    runner.analyze_pipeline()
    assert {decision.action for decision in runner.plan.values()} == {"run"}
    drawing = layout(dag)
    assert draw_svg(drawing).count("<rect") == len(dag) == draw_text(dag).count("│ Step(")
    assert pipeline.to_mermaid().count("Step(") == pipeline.to_dot().count("Step(") == len(dag)
    conf = pipeline.to_dict()
    assert len(Pipeline.from_dict(conf).dag()) == len(dag)
    record = RunFolder.create(folder / "runs", pipeline.name)
    record.write_pipeline({**conf, "run": {}})
    record.finish()
    assert len(PipelineResult.from_file(record.path)) == len(dag)
    write_report(record.path)
    took = time.process_time() - began
    gc.unfreeze()
    return took


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (chain, 2 * sys.getrecursionlimit()),
        (ladder, sys.getrecursionlimit()),
        pytest.param(chain, 100_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
        pytest.param(ladder, 10_000, marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
    ],
)
def test_no_recursion_and_linear_time(tmp_path, make, size):
    small = work(make(size // 4), tmp_path / "small")
    large = work(make(size), tmp_path / "large")
    # Four times the size: linear work takes about four times as long, quadratic work sixteen times.
    assert large < 9 * small
