"""Cues: outputs that grow too old, and outputs that stand whatever has changed."""

from __future__ import annotations

import pytest

from pyperunner import Pipeline, PipelineResult, Runner, Task, task
from pyperunner_cache import open_store
from pyperunner_runner.planning.cues import ages

PROBE = []
DAY = 86400.0


@task("Fetch")
def fetch(url="a"):
    PROBE.append(f"Fetch {url}")
    return [len(PROBE)]


@task("Count")
def count(rows):
    PROBE.append("Count")
    return len(rows)


@task("Each")
def each(row, kept=0):
    PROBE.append(f"Each {row}")
    return row


@pytest.fixture
def flow(tmp_path):
    PROBE.clear()
    return Flow(tmp_path)


class Flow:
    """A folder in which pipelines run, and a clock that can be moved."""

    def __init__(self, folder):
        self.folder = folder

    def runner(self, **options):
        return Runner(self.folder / "data", self.folder / "log", executor="inline", **options)

    def run(self, *tasks, **options):
        """Run tasks; return what was executed."""
        PROBE.clear()
        more = {name: options.pop(name) for name in ("only", "force_reload") if name in options}
        self.last = self.runner(**options)
        self.last.run(Pipeline("cues", tasks), raise_on_failure=True, **more)
        return list(PROBE)


@pytest.fixture
def later(monkeypatch):
    def move(seconds):
        now = ages.time.time() + seconds
        monkeypatch.setattr(ages.time, "time", lambda: now)

    return move


def aged(**options):
    return count(rows=fetch().with_options(**(options or {"max_age": "1d"})))


def test_an_output_that_is_too_old_is_made_again_with_what_follows(flow, later):
    assert flow.run(aged()) == ["Fetch a", "Count"]
    assert flow.run(aged()) == []
    later(2 * DAY)
    runner = flow.runner()
    runner.set_pipeline(Pipeline("cues", [aged()]))
    said = "its output is 2 days old, more than 1 day"
    assert said in str(runner.explain("Fetch()"))
    runner.analyze_pipeline()
    assert (runner.plan["Fetch()"].action, runner.plan["Fetch()"].reason) == ("run", said)
    assert flow.run(aged()) == ["Fetch a", "Count"]
    assert flow.last.results().task("Fetch()").facts["reason"] == said


def test_age_is_in_no_key_and_holds_for_what_was_stored_before(flow, later):
    assert fetch().hash() == fetch().with_options(max_age=5).hash()
    flow.run(count(rows=fetch()))
    later(90)
    assert flow.run(aged(max_age=100)) == []
    assert flow.run(aged(max_age=80)) == ["Fetch a", "Count"]


def test_early_cutoff_makes_an_old_output_again_but_not_what_follows_from_an_equal_one(flow, later):
    PROBE.append("so that the output is the same")
    flow.run(aged(), early_cutoff=True)
    later(2 * DAY)
    assert flow.run(aged(), early_cutoff=True) == ["Fetch a"]


def test_an_output_that_stands_for_another_is_as_old_as_that_one(flow, later):
    flow.run(aged(), early_cutoff=True)
    later(2 * DAY)
    store = flow.runner().store
    made = fetch("x")
    (entry,) = (info["key"] for info in store.entries("Fetch()"))
    store.alias(made.key, entry, {"linked": {"to": entry}})
    assert store.meta(made.key)["saved_at"] > store.meta(entry)["saved_at"] - 1
    assert ages.aged(store, [made.with_options(max_age="1d")]).keys() == {"Fetch(x)"}


def test_a_clock_that_was_ahead_makes_an_output_old_not_young_for_ever(flow, later):
    later(30)
    flow.run(aged())
    later(-30)
    assert flow.run(aged()) == []
    later(-3600)
    assert flow.run(aged()) == ["Fetch a", "Count"]
    assert "a clock was ahead" in flow.last.plan["Fetch()"].reason


def test_age_holds_for_each_element_also_where_the_list_is_made_in_the_run(flow, later):
    def tasks():
        return each.map(row=fetch().with_options(max_age="1h")).with_options(max_age="1d")

    assert flow.run(tasks()) == ["Fetch a", "Each 1"]
    later(2 * 3600)
    assert flow.run(tasks()) == ["Fetch a"]
    later(DAY)
    assert flow.run(tasks()) == ["Fetch a", "Each 1"]
    assert "1.1 days old" in flow.last.results().task("Each(*)[0]").facts["reason"]
    assert flow.run(tasks()) == []


# --- rerun="never"


def kept(version="1", url="a", **options):
    fetched = fetch(url=url).with_options(version=version, rerun="never", **options)
    return count(rows=fetched)


def test_what_is_stored_stays_whatever_has_changed_and_what_follows_stays_too(flow):
    assert flow.run(kept()) == ["Fetch a", "Count"]
    first = flow.last.results()["Fetch()"]
    last = kept("2")
    assert flow.run(last) == []
    fetched = last.upstream[0]
    assert flow.last.plan["Fetch()"].reason == "up to date: rerun='never' lets an earlier output stand"
    assert fetched.output == first
    assert fetched.key != f"Fetch()/{fetched.hash()}"
    assert fetched.key.startswith("Fetch()/")
    assert str(flow.last.explain("Fetch()")).startswith("Fetch()  up to date")


def test_what_follows_counts_by_the_output_that_stands(flow):
    flow.run(kept())
    last = kept("2")
    flow.run(last, count("new", rows=last.upstream[0]))
    assert PROBE == ["Count"]
    key = flow.last.results().task("Count(new)").facts["parts"]["inputs"]["rows"]["task"]
    assert f"Fetch()/{key[1]}" == last.upstream[0].key
    assert PipelineResult.from_file(f"{flow.last.run_folder}/pipeline.yaml")["Count(new)"] == 1


def test_other_params_are_another_output_and_the_key_without_changes_is_the_same(flow):
    flow.run(count(rows=fetch(url="a").with_options(version="1")))
    assert flow.run(kept()) == []
    assert flow.run(kept(url="b")) == ["Fetch b", "Count"]
    assert flow.run(kept("2", url="b")) == []
    assert flow.run(kept("2")) == []


def test_an_upstream_task_that_runs_is_no_reason(flow):
    def tasks(version):
        return count(rows=fetch().with_options(version=version)).with_options(rerun="never")

    flow.run(tasks("1"))
    assert flow.run(tasks("2")) == ["Fetch a"]


def test_force_reload_and_invalidate_make_it_anew(flow):
    flow.run(kept())
    flow.run(kept("2", url="b"))
    assert flow.run(kept("2"), force_reload=True) == ["Fetch a", "Count"]
    newest = flow.last.results().task("Fetch()").key
    last = kept("3")
    assert flow.run(last) == []
    assert last.upstream[0].key == newest
    assert flow.last.invalidate("Fetch()") == ["Fetch()"]
    assert flow.run(kept("3")) == ["Fetch a", "Count"]
    assert flow.run(kept("1", url="b")) == []


def test_a_saved_pipeline_keeps_it_and_its_hashes_are_those_of_what_is_written(flow):
    flow.run(kept())
    pipeline = Pipeline("cues", [kept("2")])
    PROBE.clear()
    flow.runner().run(again := Pipeline.from_dict(pipeline.to_dict()))
    assert PROBE == []
    assert again.dag()["Fetch()"].options.rerun == "never"
    assert again.dag()["Count()"].hash() == pipeline.dag()["Count()"].hash()


def test_with_an_age_it_is_made_again_when_that_has_passed(flow, later):
    flow.run(kept(max_age="1w"))
    assert flow.run(kept("2", max_age="1w")) == []
    later(8 * DAY)
    assert flow.run(kept("3", max_age="1w")) == ["Fetch a", "Count"]


def test_the_record_of_a_run_needs_the_output_that_stands(flow):
    flow.run(kept())
    flow.run(kept("2"))
    results = PipelineResult.from_file(f"{flow.last.run_folder}/pipeline.yaml")
    store = flow.last.store
    assert not store.missing(results.keys_of_outputs())


def test_elements_stand_for_equal_elements(flow):
    def tasks(version, *rows):
        return each.map(row=list(rows)).with_options(version=version, rerun="never")

    flow.run(count(rows=tasks("1", "x", "y")))
    assert flow.run(count(rows=tasks("2", "x", "y"))) == []
    assert flow.run(count(rows=tasks("2", "x", "z"))) == ["Each z", "Count"]
    assert list(flow.last.results()["Each(*)"]) == ["x", "z"]


def test_a_standing_output_that_is_damaged_is_not_replaced_under_its_key(flow):
    flow.run(kept())
    last = kept("2")
    pipeline = Pipeline("cues", [last, count("new", rows=last.upstream[0])])
    runner = flow.runner()
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    with open_store(flow.folder / "data") as store:
        store.delete(last.upstream[0].key)
    runner.run_folder
    PROBE.clear()
    while not runner.finished:
        while (one := runner.dequeue()) is not None:
            runner.start_task(one)
        runner.finish_tasks(timeout=None)
    new = pipeline.dag()["Count(new)"]
    assert new.status is Task.Status.FAILURE
    assert "rerun='never'" in str(new.result.exception)
    assert PROBE == []
    assert flow.run(kept("2")) == ["Fetch a", "Count"]


def test_a_lone_task_has_its_own_output(tmp_path):
    alone = fetch("lone").with_options(rerun="never")
    alone.set_data_path(tmp_path)
    assert not alone.output_exists()
    alone.store_output([1])
    assert fetch("lone").key == alone.key
    assert alone.load_output() == [1]
