"""Variants of tasks beside each other in one graph: each has the key that it has alone."""

from __future__ import annotations

import pytest

from pyperunner_cli.loading.variants import Variant, spread
from pyperunner_dag import Pipeline, PipelineFileError, task


@task("Load")
def load(rows=1):
    return rows


@task("Fit")
def fit(data, alpha=0, other=None):
    return alpha


@task("Score")
def score(fitted, part=0):
    return fitted


def made(alpha, part=0):
    rows = load(rows=3)
    fitted = fit(alpha=alpha)(rows)
    return Pipeline("p", [rows, score("a", fitted=[fitted], part=part)])


def spread_over(pipeline, alphas, parts=(0,)):
    variants = [
        Variant({"Fit()": {"alpha": alpha}, "Score(a)": {"part": part}}, {"Fit()": alpha, "Score(a)": part})
        for alpha in alphas
        for part in parts
    ]
    found = spread(pipeline.dag(), dict(enumerate(variants)))
    return Pipeline("p", found.tasks), found.names


def keys(pipeline):
    dag = pipeline.dag()
    for node in dag:
        node.hash()
    return {node.name: node.key for node in dag}


def test_a_variant_has_the_key_of_the_task_that_it_is_alone():
    pipeline, names = spread_over(made(0), [1, 2], [0, 5])
    found = keys(pipeline)
    assert sorted(found) == ["Fit()[0]", "Fit()[2]", "Load()", *(f"Score(a)[{n}]" for n in range(4))]
    for number, (alpha, part) in enumerate([(1, 0), (1, 5), (2, 0), (2, 5)]):
        alone = keys(made(alpha, part))
        assert {name: found[names[number].get(name, name)] for name in alone} == alone
        assert found[names[number]["Score(a)"]].startswith("Score(a)/")


def test_the_pipeline_stays_as_it_is():
    pipeline = made(0)
    before = pipeline.to_dict()
    spread_over(pipeline, [1, 2], [0, 5])
    assert pipeline.to_dict() == before


def test_the_edges_are_those_of_the_pipeline():
    dag = spread_over(made(0), [1, 2])[0].dag()
    assert [[up.name for up in dag.upstream(node)] for node in dag if node.name.startswith("Score")] == [
        ["Fit()[0]"],
        ["Fit()[1]"],
    ]
    assert [node.name for node in dag["Load()"].children] == ["Fit()[0]", "Fit()[1]"]
    assert {node.own_name for node in dag} == {"Load()", "Fit()", "Score(a)"}


def test_what_is_detached_for_another_process_has_the_same_parts():
    pipeline, _ = spread_over(made(0), [1, 2])
    node = pipeline.dag()["Score(a)[1]"]
    node.hash()
    assert node.detached().key_parts() == node.key_parts()
    assert node.detached().key == node.key


def test_a_saved_pipeline_keeps_them_apart():
    pipeline, _ = spread_over(made(0), [1, 2])
    saved = pipeline.to_dict()
    again = Pipeline.from_dict(saved)
    assert keys(again) == keys(pipeline)
    for wrong in ("Fit()[x]", "Fit()[0][1]", "Fit()[0", "Fitt()[0]", "Fit() [0]"):
        tasks = {wrong if name == "Fit()[0]" else name: entry for name, entry in saved["tasks"].items()}
        with pytest.raises(PipelineFileError):
            Pipeline.from_dict({**saved, "tasks": tasks})
