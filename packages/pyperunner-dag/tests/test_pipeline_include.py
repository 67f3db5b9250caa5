"""Pipelines of pipelines: names, keys, the saved form, clashes."""

from __future__ import annotations

import sys

import pytest

from pyperunner_dag import (
    Options,
    Pipeline,
    PipelineError,
    PipelineFileError,
    PrefixTakenError,
    Sequential,
    expand,
    task,
)


@task("Load", outputs=("rows", "names"))
def load(n):
    return list(range(n)), []


@task("Clean")
def clean(row, scale=1):
    return row * scale


@task("Fit")
def fit(rows, data=()):
    return rows


@task("Report")
def report(one, other):
    return one, other


def fitted(**code):
    loaded = load("raw", n=3)
    cleaned = clean.map(row=[1, 2], scale=2)
    return Pipeline("fitted", [fit(rows=[loaded.rows, cleaned])(loaded)], **code)


def names(pipeline):
    return [each.name for each in pipeline.dag()]


def hashes(pipeline):
    return {each.name: each.hash() for each in pipeline.dag()}


def test_the_tasks_of_another_pipeline_are_part_of_this_one_under_its_prefix():
    world = Pipeline("world")
    eu, us = world.include(fitted(), prefix="eu"), world.include(fitted(), prefix="us")
    world.add(report(one=eu["Fit()"], other=us["Fit()"]))
    assert list(eu) == ["Load(raw)", "Clean(*)", "Fit()"]
    assert {*names(world)} == {
        *(f"{prefix}.{name}" for prefix in ("eu", "us") for name in ("Load(raw)", "Clean(*)", "Fit()")),
        "Report()",
    }
    assert [up.name for up in us["Fit()"].upstream] == ["us.Load(raw)", "us.Clean(*)"]
    assert [source.name for source in eu["Fit()"].sources] == ["eu.Load(raw)", "eu.Load(raw).rows", "eu.Clean(*)"]


def test_a_name_that_is_not_there_is_told_with_names_like_it():
    eu = Pipeline("world").include(fitted(), prefix="eu")
    with pytest.raises(KeyError, match=r"no task Fitt\(\); there are Fit\(\)"):
        eu["Fitt()"]
    assert eu.get("Fitt()") is None


def test_the_other_pipeline_stays_as_it_was():
    other = fitted()
    before = hashes(other)
    world = Pipeline("world")
    eu = world.include(other, prefix="eu")
    eu["Load(raw)"].set_params(n=4)
    assert hashes(other) == before
    assert [child.name for task in other.dag() for child in task.children if child.prefix] == []


def test_keys_know_nothing_of_the_prefix():
    other, world = fitted(), Pipeline("world")
    copies = world.include(other, prefix="eu.north")
    assert hashes(world) == {f"eu.north.{name}": own for name, own in hashes(other).items()}
    assert copies["Load(raw)"].key == f"Load(raw)/{other.dag()['Load(raw)'].hash()}"
    assert copies["Load(raw)"].rows.key.startswith("Load(raw).rows/")
    first = expand(copies["Clean(*)"], None)[0]
    assert (first.name, first.own_name) == ("eu.north.Clean(*)[0]", "Clean(*)")
    assert first.hash() == expand(other.dag()["Clean(*)"], None)[0].hash()
    alone = copies["Fit()"].detached()
    assert {up.name: up.own_name for up in alone.upstream} == {
        "eu.north.Load(raw)": "Load(raw)",
        "eu.north.Clean(*)": "Clean(*)",
    }


def test_what_the_other_says_of_the_code_holds_for_its_tasks():
    other = fitted(version="7")
    other.dag()["Load(raw)"].with_options(version="8")
    alone = hashes(Pipeline.from_dict(other.to_dict()))
    world = Pipeline("world", code="own")
    world.include(other, prefix="eu")
    said = {each.name: (each.options.version, each.options.code) for each in world.dag()}
    assert said["eu.Load(raw)"] == ("8", None)
    assert said["eu.Fit()"] == ("7", None)
    plain = Pipeline("plain")
    plain.include(other, prefix="eu")
    assert hashes(Pipeline.from_dict(plain.to_dict())) == {f"eu.{name}": own for name, own in alone.items()}
    assert other.options == Options(version="7")


def test_a_pipeline_that_includes_can_be_included():
    world, all_of_it = Pipeline("world"), Pipeline("all")
    world.include(fitted(), prefix="eu")
    inner = all_of_it.include(world, prefix="world")
    assert inner["eu.Fit()"].name == "world.eu.Fit()"
    assert inner["eu.Fit()"].own_name == "Fit()"


def test_a_saved_pipeline_brings_the_names_and_hashes_back(tmp_path):
    world = Pipeline("world")
    for prefix in ("eu", "us"):
        world.include(fitted(), prefix=prefix)
    world.to_file(tmp_path / "world.yaml")
    again = Pipeline.from_file(tmp_path / "world.yaml")
    assert hashes(again) == hashes(world)
    assert [each.key for each in again.dag() if "Load" in each.name] == [
        each.key for each in world.dag() if "Load" in each.name
    ]
    saved = world.to_dict()
    saved["tasks"]["e u.Load(raw)"] = saved["tasks"].pop("eu.Load(raw)")
    with pytest.raises(PipelineFileError, match="Load"):
        Pipeline.from_dict(saved)


def test_names_that_clash_say_what_to_do():
    world = Pipeline("world")
    world.include(fitted(), prefix="eu")
    with pytest.raises(PrefixTakenError, match=r"eu\.Load\(raw\) is there already; .* another prefix than eu"):
        world.include(fitted(), prefix="eu")
    assert len(world) == 3


def test_where_somebody_types_a_newer_copy_takes_the_place_of_the_older(monkeypatch):
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    other, world = fitted(), Pipeline("world")
    old = world.include(other, prefix="eu")
    last = fit("last", rows=old["Fit()"])
    new = world.include(other, prefix="eu")
    assert len(world) == 4
    assert world.dag()["eu.Fit()"] is new["Fit()"]
    assert last.upstream == [new["Fit()"]]


@pytest.mark.parametrize("prefix", ["", "a b", "a(", ".eu", "eu.", "a/b", 7])
def test_a_prefix_is_a_plain_name(prefix):
    with pytest.raises(PipelineError, match="a prefix is"):
        Pipeline("world").include(fitted(), prefix=prefix)


def test_what_is_included_is_a_pipeline_and_not_into_a_chain():
    with pytest.raises(PipelineError, match="includes is a Pipeline"):
        Pipeline("world").include(load(n=1), prefix="eu")
    with pytest.raises(PipelineError, match="one chain"):
        Sequential("chain").include(fitted(), prefix="eu")
    world = Pipeline("world")
    world.include(Sequential("chain", [load(n=1), fit(rows=1)]), prefix="eu")
    assert [up.name for up in world.dag()["eu.Fit()"].parents] == ["eu.Load()"]
