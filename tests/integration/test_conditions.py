"""Conditions: tasks that run only when another one says so, and what becomes of those that follow."""

from __future__ import annotations

import pytest

from pyperunner import Pipeline, PipelineResult, Runner, Task, task
from pyperunner_dag import ConditionError, CycleError, NotATaskError, PipelineFileError
from pyperunner_runner import SelectionUnmet

PROBE = []


@task("Check")
def check(ok):
    return ok


@task("Work")
def work(n=1):
    PROBE.append("Work")
    if n == "bad":
        raise ValueError(n)
    return n


@task("Take")
def take(x):
    PROBE.append("Take")
    return x


@task("Sum")
def total(data):
    PROBE.append(f"Sum {data}")
    return sum(data)


@task("List")
def numbers(n):
    return list(range(n))


@task("Double")
def double(x):
    PROBE.append(f"Double {x}")
    return 2 * x


class Odd:
    def __bool__(self):
        raise AssertionError("code of the user's runs in the runner")


@task("Make")
def make():
    return Odd()


@pytest.fixture(params=["inline", "process"])
def runner(request, tmp_path):
    PROBE.clear()
    return Runner(tmp_path / "data", tmp_path / "log", executor=request.param)


@pytest.fixture
def inline(tmp_path):
    PROBE.clear()
    return Runner(tmp_path / "data", tmp_path / "log", executor="inline")


def ways(ok):
    """A conditional task; what needs it, what has another way, what has none, and what follows from these."""
    made, other = work().when(check(ok=ok)), work("other", n=10)
    both = total("both")([made, other])
    named, alone = take("named", x=made), total("alone")(made)
    return Pipeline("ways", [named, alone, both, take("end", x=both), take("gone", x=alone), made])


def states(runner, pipeline, **options):
    runner.run(pipeline, **options)
    return {each.name: each.status.name for each in pipeline.dag()}


GONE = ("Work()", "Take(named)", "Sum(alone)", "Take(gone)")


def test_what_a_false_condition_leaves_out_and_what_has_another_way(runner):
    pipeline = ways(ok=False)
    found = states(runner, pipeline, raise_on_failure=True)
    assert {name for name, state in found.items() if state == "SKIPPED"} == {*GONE}
    assert {name for name, state in found.items() if state == "SUCCESS"} == {*found} - {*GONE}
    results = PipelineResult.from_file(f"{runner.run_folder}/pipeline.yaml")
    assert (results["Sum(both)"], results["Take(end)"]) == (10, 10)
    assert [pipeline.dag()[name].output for name in GONE] == [None] * 4
    reasons = {name: results.task(name).facts["reason"] for name in GONE}
    assert reasons == {
        "Work()": "its condition Check() is false",
        "Take(named)": "Work(), which it can't do without, is skipped",
        "Sum(alone)": "all that it follows is skipped: Work()",
        "Take(gone)": "Sum(alone), which it can't do without, is skipped",
    }


def test_a_true_condition_changes_nothing_and_no_key(runner):
    assert set(states(runner, ways(ok=True)).values()) == {"SUCCESS"}
    assert runner.results()["Sum(both)"] == 11
    free = work()
    plain = Pipeline("plain", [total("both")([free, work("other", n=10)])])
    assert set(states(runner, plain).values()) == {"SKIPPED"}
    assert free.hash() == ways(ok=False).dag()["Work()"].hash()


def test_the_output_of_a_task_that_had_to_do_without_a_parent_has_a_key_of_its_own(inline):
    states(inline, ways(ok=False))
    without = inline.results().task("Sum(both)")
    states(inline, ways(ok=True))
    assert inline.results()["Sum(both)"] == 11
    assert without.key != inline.results().task("Sum(both)").key
    PROBE.clear()
    assert set(states(inline, ways(ok=False)).values()) == {"SKIPPED"}
    assert inline.results()["Sum(both)"] == 10
    assert PROBE == []
    names = [name for name, _ in without.facts["parts"]["parents"]]
    assert names == ["Work(other)"]


def test_a_plan_says_what_is_not_known_yet_and_is_exact_when_it_is(inline):
    pipeline = ways(ok=False)
    inline.set_pipeline(pipeline)
    inline.analyze_pipeline()
    assert inline.plan["Work()"].reason == "no stored output, if Check() is true"
    assert inline.plan["Take(named)"].reason == "no stored output, if what it follows is not skipped"
    assert "if Check() is true" in str(inline.explain("Work()")) or "entry missing" in str(inline.explain("Work()"))
    inline.run(pipeline)
    inline.analyze_pipeline()
    assert (inline.plan["Work()"].action, inline.plan["Work()"].reason) == ("skip", "its condition Check() is false")
    assert str(inline.explain("Work()")) == "Work()  will skip\n    its condition Check() is false"
    inline.analyze_pipeline(force_reload=True)
    assert inline.plan["Work()"].reason == "forced, if Check() is true"


def test_that_a_condition_runs_is_no_reason_to_run(inline):
    states(inline, ways(ok=True))
    pipeline = ways(ok=True)
    pipeline.dag()["Check()"].set_reload(True)
    PROBE.clear()
    assert states(inline, pipeline)["Check()"] == "SUCCESS"
    assert PROBE == []


def test_parts_of_outputs_and_several_conditions(inline):
    ok = check(ok={"big": True, "new": [False]})
    tasks = [work("a").when(ok["big"]), work("b").when(ok["big"], ok["new"][0]), work("c").when(ok).when(ok["new"])]
    found = states(inline, Pipeline("parts", tasks))
    assert (found["Work(a)"], found["Work(b)"], found["Work(c)"]) == ("SUCCESS", "SKIPPED", "SUCCESS")


def test_a_condition_that_was_skipped_and_one_that_failed(inline):
    first = work().when(check(ok=False))
    second, third = take(x=1).when(first), take("failed", x=1).when(work("bad", n="bad"))
    found = states(inline, Pipeline("chain", [first, second, third]))
    assert (found["Take()"], found["Take(failed)"]) == ("SKIPPED", "CANT_RUN")
    assert inline.results().task("Take()").facts["reason"] == "its condition Work() is skipped"


@pytest.mark.parametrize("ok", [0, 1, 1.5, "", "x", b"", [], [0], {}, None, ()])
def test_truth_is_that_of_python(inline, ok):
    made = work().when(check(ok=ok))
    assert states(inline, Pipeline("truth", [made]))["Work()"] == ("SUCCESS" if ok else "SKIPPED")


def test_numbers_of_numpy_are_true_or_false(inline):
    numpy = pytest.importorskip("numpy")
    made, other = work().when(check(ok=numpy.bool_(False))), work("b").when(check("b", ok=numpy.int64(3)))
    found = states(inline, Pipeline("truth", [made, other]))
    assert (found["Work()"], found["Work(b)"]) == ("SKIPPED", "SUCCESS")


def test_what_is_neither_true_nor_false_fails_the_task_and_runs_no_code(inline):
    made = work().when(make())
    found = states(inline, Pipeline("odd", [take(x=made), made]))
    assert (found["Work()"], found["Take()"]) == ("FAILURE", "CANT_RUN")
    assert isinstance(made.result.exception, ConditionError)
    assert "its condition Make() puts out a Odd" in str(made.result.exception)
    with pytest.raises(ConditionError):  # it is known by now
        inline.run(Pipeline("odd", [made]))


def test_mapped_tasks_may_have_a_condition(runner):
    for ok, expected in ((False, []), (True, [0, 2, 4])):
        static = double.map("static", x=[0, 1, 2]).when(check(ok=ok))
        live = double.map("live", x=numbers(n=3)).when(static.conditions[0])
        after = double.map("after", x=live)
        last = take("last", x=after)
        found = states(runner, Pipeline("maps", [static, last]))
        names = ("Double(static)", "Double(live)", "Double(after)", "Take(last)")
        assert [found[name] for name in names] == ["SUCCESS" if ok else "SKIPPED"] * 4
        if ok:
            assert list(runner.results()["Double(static)"]) == expected
            assert runner.results()["Take(last)"] == [0, 4, 8]


def test_a_selection_takes_the_condition_from_the_store(inline):
    pipeline = ways(ok=False)
    with pytest.raises(SelectionUnmet, match="Check"):
        inline.run(pipeline, only="Work()")
    inline.run(pipeline, only="Check()")
    assert states(inline, pipeline, only="Work()")["Work()"] == "SKIPPED"
    assert PROBE == []


def test_a_condition_whose_output_is_not_kept_is_asked_each_time(inline):
    def pipeline(ok):
        return Pipeline("asked", [work().when(check(ok=ok).with_options(cache=False))])

    assert states(inline, pipeline(ok=True))["Work()"] == "SUCCESS"
    assert states(inline, pipeline(ok=False)) == {"Check()": "SUCCESS", "Work()": "SKIPPED"}


def test_a_saved_pipeline_keeps_conditions(inline):
    pipeline = ways(ok=False)
    pipeline.dag()["Take(end)"].when(pipeline.dag()["Check()"]["a"])
    saved = pipeline.to_dict()
    assert (saved["tasks"]["Work()"]["when"], saved["tasks"]["Take(end)"]["when"]) == (
        ["Check()"],
        [{"$part": ["Check()", "a"]}],
    )
    again = Pipeline.from_dict(saved)
    assert {each.name: each.hash() for each in again.dag()} == {each.name: each.hash() for each in pipeline.dag()}
    assert [source.name for source in again.dag()["Take(end)"].conditions] == ["Check()['a']"]
    for wrong in ("Check()", ["Nobody()"], [["Check()"]], [{"$value": 1}]):
        saved["tasks"]["Work()"]["when"] = wrong
        with pytest.raises(PipelineFileError):
            Pipeline.from_dict(saved)


def test_included_pipelines_keep_conditions(inline):
    world = Pipeline("world")
    for prefix, ok in (("yes", True), ("no", False)):
        world.include(ways(ok=ok), prefix=prefix)
    found = states(inline, world)
    assert (found["yes.Take(named)"], found["no.Take(named)"]) == ("SUCCESS", "SKIPPED")


def test_drawings_show_the_condition_and_circles_are_found():
    pipeline = ways(ok=True)
    edges = [(up.name, down.name) for up, down in pipeline.create_graph().edges]
    assert ("Check()", "Work()") in edges
    first = work()
    first.when(take(x=first))
    with pytest.raises(CycleError):
        Pipeline("circle", [first]).dag()


@pytest.mark.parametrize("wrong", [True, Task, lambda: numbers.map(n=[1, 2])])
def test_a_condition_is_one_task(wrong):
    condition = wrong() if callable(wrong) and not isinstance(wrong, type) else wrong
    with pytest.raises(NotATaskError, match=r"a condition of Work\(\)"):
        work().when(condition)
