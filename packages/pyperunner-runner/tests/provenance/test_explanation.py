"""What explain says before a run, against what the run then does."""

from __future__ import annotations

import pytest

from pyperunner_dag import Pipeline
from pyperunner_runner import Explanation, TaskExplanation, UnknownPipelineTask


def explained(kit, pipeline, **options):
    runner = kit.runner()
    runner.set_pipeline(pipeline)
    found = runner.explain(**options)
    assert isinstance(found, Explanation)
    return {one.name.removeprefix("Count"): (one.state, one.reasons) for one in found.values()}


def run(kit, pipeline):
    kit.runner(executor="inline").run(pipeline)
    return kit.executed()


def test_before_the_first_run_entries_are_missing(kit):
    missing = ("will run", ("entry missing",))
    assert explained(kit, kit.abc()) == {"(a)": missing, "(b)": missing, "(c)": missing}
    assert not kit.log_path.exists()


def test_after_a_run_all_is_up_to_date(kit):
    run(kit, kit.abc())
    found = explained(kit, kit.abc())
    assert set(found.values()) == {("up to date", ())}


def test_a_changed_param_and_what_follows(kit):
    run(kit, kit.abc())
    a = kit.task("a")
    b = kit.task("b", a, fail=False)
    kit.task("c", b)
    changed = Pipeline("abc", [a])
    assert explained(kit, changed) == {
        "(a)": ("will load", ()),
        "(b)": ("will run", ("param fail added",)),
        "(c)": ("will run", ("upstream Count(b) changed",)),
    }
    assert run(kit, changed) == ["b", "c"]


def test_the_nearest_entry_is_the_one_with_the_fewest_differences(kit):
    def pipeline(**params):
        return Pipeline("p", [kit.task("a", **params)])

    run(kit, pipeline(fail=0))
    run(kit, pipeline(fail=False))
    far = kit.task("a", kit.task("x"), fail=False)
    run(kit, Pipeline("p", [far]))
    runner = kit.runner()
    runner.set_pipeline(pipeline(fail=None))
    one = runner.explain("Count(a)")
    assert one.reasons == ("param fail: False → None",)  # of two with one difference the newest
    assert one.nearest == pipeline(fail=False).dag()["Count(a)"].key
    runner.set_pipeline(Pipeline("p", [kit.task("a", kit.task("x"), fail=None)]))
    assert runner.explain("Count(a)").reasons == ("param fail: False → None",)
    assert runner.explain("Count(a)").nearest == far.key


def test_forced_and_reload(kit):
    run(kit, kit.abc())
    assert set(explained(kit, kit.abc(), force_reload=True).values()) == {("will run", ("forced",))}
    a = kit.task("a")
    a.set_reload(True)
    kit.task("b", a)
    assert explained(kit, Pipeline("p", [a])) == {
        "(a)": ("will run", ("reload=True",)),
        "(b)": ("will run", ("upstream Count(a) runs",)),
    }


def test_what_is_not_selected(kit):
    run(kit, kit.abc())
    found = explained(kit, kit.abc(), only="b", force_reload=True)
    assert found == {
        "(a)": ("will load", ()),
        "(b)": ("will run", ("forced",)),
        "(c)": ("will skip", ("not selected",)),
    }


def test_the_plan_stays(kit):
    runner = kit.runner(executor="inline")
    runner.run(kit.abc())
    plan = dict(runner.plan)
    runner.explain()
    assert runner.plan == plan
    assert {decision.action for decision in plan.values()} == {"run"}


def test_one_task(kit):
    runner = kit.runner(executor="inline")
    pipeline = kit.abc()
    runner.run(pipeline)
    one = runner.explain(pipeline.dag()["Count(b)"])
    assert isinstance(one, TaskExplanation)
    assert (one.name, one.state, str(one)) == ("Count(b)", "up to date", "Count(b)  up to date")
    assert "Count(b)  up to date" in str(runner.explain()).splitlines()
    with pytest.raises(UnknownPipelineTask, match=r"no task 'Count\(d\)'. Did you mean Count\(") as caught:
        runner.explain("Count(d)")
    assert isinstance(caught.value, KeyError)


def test_a_damaged_entry(kit):
    run(kit, kit.abc())
    pipeline = kit.abc()
    task = pipeline.dag()["Count(b)"]
    task.set_data_path(kit.data_path)
    path = task.output_filename()
    with open(path, "r+b") as file:
        file.truncate(20)
    runner = kit.runner(executor="inline")
    runner.set_pipeline(pipeline)
    with pytest.warns(UserWarning, match=r"Count\(b\)"):
        one = runner.explain("Count(b)")
    assert (one.state, one.reasons) == ("will run", ("damaged",))


def test_only_the_newest_entries_are_looked_at(kit, monkeypatch):
    runner = kit.runner()
    store = runner.store
    for number in range(60):
        store.save(f"Count(a)/{number:032x}", number, {"parts": {"params": {"n": str(number)}}})
    looked = []
    meta = store.meta
    monkeypatch.setattr(store, "meta", lambda key: looked.append(key) or meta(key))
    runner.set_pipeline(Pipeline("p", [kit.task("a")]))
    runner.explain()
    assert len(looked) == 50


def test_entries_that_do_not_say_what_they_were_made_from(kit):
    runner = kit.runner()
    for number, meta in enumerate(({}, {"parts": None}, {"parts": 3, "sources": 5}, None)):
        runner.store.save(f"Count(a)/{number:032x}", number, meta)
    runner.set_pipeline(Pipeline("p", [kit.task("a")]))
    assert runner.explain("Count(a)").reasons == ("entry missing",)


def test_what_is_kept_for_one_run_only_is_no_earlier_entry(kit):
    runner = kit.runner()
    other = kit.task("a", fail=False)
    runner.store.save(other.key, 1, {**other.entry_meta(), "run": {"host": "here"}})
    runner.set_pipeline(Pipeline("p", [kit.task("a")]))
    assert runner.explain("Count(a)").reasons == ("entry missing",)


def test_a_store_that_lists_nothing(kit):
    kit.runner(executor="inline").run(kit.abc())
    runner = kit.runner(kit.store_without("entries"), executor="inline")
    runner.set_pipeline(Pipeline("p", [kit.task("a", fail=False)]))
    assert runner.explain("Count(a)").reasons == ("entry missing",)
