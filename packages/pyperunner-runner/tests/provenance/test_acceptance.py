"""Outputs that are let stand after a change, and outputs that are thrown away."""

from __future__ import annotations

import pytest

from pyperunner_dag import Pipeline
from pyperunner_runner import NotAcceptable, UnknownPipelineTask


def chain(kit, **params):
    """a -> b -> c and a -> d -> c, with ``params`` for a."""
    a = kit.task("a", **params)
    b, d = kit.task("b", a), kit.task("d", a)
    kit.task("c", b, d)
    return Pipeline("chain", [a])


@pytest.fixture
def ready(kit):
    """A runner with a changed pipeline whose earlier form has run."""
    kit.runner(executor="inline").run(chain(kit))
    kit.executed()
    # With room for all of them no earlier times, which vary, say which of b and d goes first.
    runner = kit.runner(process_limit=4, executor="inline")
    runner.set_pipeline(chain(kit, fail=False))
    return runner


def states(runner):
    return {name: one.state for name, one in runner.explain().items()}


def test_an_accepted_output_is_a_hit_and_says_so(kit, ready):
    (done,) = ready.accept("Count(a)")
    assert str(done) == "Count(a)\n    param fail added"
    assert states(ready) == {"Count(a)": "will load"} | {f"Count({tag})": "will run" for tag in "bdc"}
    meta = ready.store.meta(done.key)
    assert meta["accepted"]["from"] == done.earlier == chain(kit).dag()["Count(a)"].key
    assert meta["accepted"]["differences"] == ["param fail added"]
    assert meta["accepted"]["when"] == pytest.approx(meta["saved_at"], abs=5)
    assert meta["parts"] == ready.pipeline.dag()["Count(a)"].key_parts()
    assert ready.store.load(done.key) == 1
    ready.run()
    assert kit.executed() == ["b", "d", "c"]


def test_what_follows_is_accepted_too(kit, ready):
    looked = ready.accept("Count(a)", downstream=True, dry_run=True)
    assert set(states(ready).values()) == {"will run"}
    done = ready.accept("Count(a)", downstream=True)
    assert done == looked
    assert [one.name for one in done] == ["Count(a)", "Count(b)", "Count(d)", "Count(c)"]
    assert [found.text for found in done[3].differences] == ["upstream Count(b) changed", "upstream Count(d) changed"]
    assert set(states(ready).values()) == {"up to date"}
    ready.run()
    assert kit.executed() == []


def test_what_follows_can_be_accepted_later(kit, ready):
    ready.accept("Count(a)")
    assert [one.name for one in ready.accept("Count(a)", downstream=True)] == ["Count(b)", "Count(d)", "Count(c)"]
    with pytest.raises(NotAcceptable, match="nothing downstream of it can be accepted"):
        ready.accept("Count(a)", downstream=True)


def test_what_has_a_difference_of_its_own_is_not_accepted_downstream(kit, ready):
    a = kit.task("a", fail=False)
    b, d = kit.task("b", a), kit.task("d", a, fail=None)
    kit.task("c", b, d)
    ready.set_pipeline(Pipeline("chain", [a]))
    assert [one.name for one in ready.accept(a, downstream=True)] == ["Count(a)", "Count(b)"]


def test_an_output_made_from_another_input_is_not_accepted_downstream(kit, ready):
    """Of b there is an output made from a third form of a only."""
    store = ready.store
    kit.runner(executor="inline").run(chain(kit, fail=0))
    store.delete(chain(kit).dag()["Count(b)"].key)
    store.delete(chain(kit, fail=0).dag()["Count(a)"].key)
    done = ready.accept("Count(a)", downstream=True)
    assert [one.name for one in done] == ["Count(a)", "Count(d)"]


def test_however_often_it_is_accepted_the_output_is_found(kit, ready):
    for number in range(12):
        ready.set_pipeline(chain(kit, fail=number))
        (done,) = ready.accept("Count(a)")
    assert ready.store.load(done.key) == 1


def test_it_is_refused_where_there_is_nothing_to_accept(kit, ready):
    for tag in "abcd":
        ready.set_pipeline(chain(kit))
        with pytest.raises(NotAcceptable, match=rf"Count\({tag}\): it is up to date"):
            ready.accept(f"Count({tag})")
    ready.set_pipeline(Pipeline("new", [kit.task("new")]))
    with pytest.raises(NotAcceptable, match="no earlier output"):
        ready.accept("Count(new)")
    with pytest.raises(UnknownPipelineTask):
        ready.accept("Count(gone)")


def test_an_output_that_is_not_kept_cannot_stand(kit, ready):
    ready.pipeline.dag()["Count(a)"].with_options(cache=False)
    with pytest.raises(NotAcceptable, match="not kept"):
        ready.accept("Count(a)")


@pytest.mark.parametrize(("hidden", "said"), [("entries", "lists no entries"), ("alias", "knows no aliases")])
def test_it_is_refused_where_the_store_cannot(kit, hidden, said):
    runner = kit.runner(kit.store_without(hidden))
    runner.set_pipeline(chain(kit))
    with pytest.raises(NotAcceptable, match=said):
        runner.accept("Count(a)")


def test_an_output_that_is_gone(kit, ready):
    ready.accept("Count(a)")
    first = chain(kit).dag()["Count(a)"].key
    ready.store.delete(first)
    ready.set_pipeline(chain(kit, fail=0))
    with pytest.raises(NotAcceptable, match="is gone from the store"):
        ready.accept("Count(a)")


def test_an_output_that_became_another(kit, ready):
    (done,) = ready.accept("Count(a)")
    ready.store.save(done.earlier, "another", {})
    ready.set_pipeline(chain(kit, fail=0))
    with pytest.raises(NotAcceptable, match="is gone from the store"):
        ready.accept("Count(a)")


def test_code_of_another_digest_is_not_accepted_downstream(kit, ready):
    task = chain(kit).dag()["Count(b)"]
    meta = task.entry_meta()
    meta["parts"]["code"]["digest"] = "0" * 32
    ready.store.save(task.key, 2, meta)
    assert [one.name for one in ready.accept("Count(a)", downstream=True)] == ["Count(a)", "Count(d)"]


def test_invalidate(kit):
    runner = kit.runner(executor="inline")
    runner.run(chain(kit))
    kit.executed()
    assert runner.invalidate("Count(b)") == ["Count(b)"]
    assert runner.invalidate("Count(b)") == []
    runner.run()
    assert kit.executed() == ["b", "c"]
    assert runner.invalidate("Count(b)", downstream=True) == ["Count(b)", "Count(c)"]
    runner.run()
    assert kit.executed() == ["b", "c"]
    with pytest.raises(UnknownPipelineTask):
        runner.invalidate("Count(gone)")


def test_an_accepted_output_can_be_invalidated(kit, ready):
    ready.accept("Count(a)")
    assert ready.invalidate("Count(a)") == ["Count(a)"]
    assert states(ready)["Count(a)"] == "will run"
    ready.set_pipeline(chain(kit))
    assert states(ready)["Count(a)"] == "up to date"


def test_several_are_accepted_together_with_what_follows_from_all_of_them(kit, ready):
    """What joins two accepted tasks was made from both former outputs."""
    pipeline = chain(kit, fail=False)
    for tag in "bd":
        pipeline.dag()[f"Count({tag})"].set_params(fail=False)
    ready.set_pipeline(pipeline)
    ready.accept("Count(a)")
    done = ready.accept(["Count(d)", "Count(b)", "Count(a)"], downstream=True)
    assert [one.name for one in done] == ["Count(b)", "Count(d)", "Count(c)"]
    assert set(states(ready).values()) == {"up to date"}


def test_a_renamed_task_takes_its_former_output(kit, ready):
    a = kit.task("A")
    b, d = kit.task("b", a), kit.task("d", a)
    kit.task("c", b, d)
    ready.set_pipeline(Pipeline("chain", [a]))
    with pytest.raises(NotAcceptable, match="no earlier output"):
        ready.accept("Count(A)")
    done = ready.accept("Count(A)", downstream=True, renamed={"Count(A)": "Count(a)"})
    assert [one.name for one in done] == ["Count(A)", "Count(b)", "Count(d)", "Count(c)"]
    assert set(states(ready).values()) == {"up to date"}
    ready.run()
    assert kit.executed() == []
