"""Mapped tasks in runs: elements, their keys, what runs again, failures, selection, results, records."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
import yaml

from pyperunner import Pipeline, PipelineResult, Runner, Task, fixed, task
from pyperunner_dag import File, Folder, MapError, NotYetKnownError, Options, TaskNameError
from pyperunner_runner import SelectionUnmet, UnknownSelection

PROBE = []


@task("Files")
def files(names):
    PROBE.append("Files")
    return names


@task("Clean")
def clean(path, encoding="utf-8"):
    PROBE.append(f"Clean {path}")
    if path == "bad":
        raise ValueError("bad")
    return str(path).upper()


@task("Measure")
def measure(part):
    PROBE.append(f"Measure {part}")
    return len(part)


@task("Choose")
def choose(scores):
    PROBE.append("Choose")
    return list(scores)


@task("Fit")
def fit(alpha, depth=0, names=()):
    PROBE.append(f"Fit {alpha} {depth}")
    return [alpha, depth, list(names)]


@task("Last")
def last(data):
    return data


class Flow:
    """Files, each of them cleaned and measured, and what takes the whole lists."""

    def __init__(self, names, **options):
        self.files = files(names=names)
        self.parts = clean.map(path=self.files).with_options(**options)
        self.shape = measure.map(part=self.parts)
        self.best = choose(scores=self.parts)
        self.sizes = choose("sizes", scores=self.shape)
        self.pipeline = Pipeline("flow", [self.files])


@pytest.fixture
def runner(tmp_path):
    PROBE.clear()
    return lambda **more: Runner(tmp_path / "data", tmp_path / "log", **{"executor": "inline", **more})


def ran(runner, pipeline, **how):
    """Run a pipeline and return what its tasks say that they did."""
    PROBE.clear()
    run = runner()
    run.run(pipeline, **how)
    return sorted(PROBE)


def planned(runner, pipeline, **how):
    run = runner()
    run.set_pipeline(pipeline)
    run.analyze_pipeline(**how)
    return {name: (made.action, made.reason) for name, made in run.plan.items()}


@pytest.mark.parametrize("executor", ["inline", "pool", "process"])
def test_a_map_over_a_task_is_decided_when_its_list_is_known(runner, executor):
    flow = Flow(["a", "bb"])
    runner(executor=executor).run(flow.pipeline)
    assert flow.parts.output == flow.best.output == ["A", "BB"]
    assert flow.sizes.output == [1, 2]


@pytest.mark.parametrize("start_method", ["spawn", "forkserver"])
def test_elements_travel_to_fresh_interpreters(runner, start_method):
    flow = Flow(["a", "bb"])
    runner(executor="process", start_method=start_method).run(flow.pipeline)
    assert flow.sizes.output == [1, 2]


STEP = 1


@task("Stepped")
def stepped(x):
    return x + STEP


@pytest.mark.parametrize("executor", ["inline", "pool", "process"])
def test_an_edit_between_plan_and_start_is_noticed_for_each_element(tmp_path, executor, monkeypatch):
    def edit(event):
        if type(event).__name__ == "RunStarted":
            monkeypatch.setitem(globals(), "STEP", 2)

    mapped = stepped.map(x=[1, 2])
    pipeline = Pipeline("p", [mapped])
    Runner(tmp_path / "data", tmp_path / "logs", 1, executor=executor, hooks=[edit]).run(pipeline)
    assert ["STEP is another one now" in str(each.result.exception) for each in mapped.elements] == [True, True]
    runner = Runner(tmp_path / "data", tmp_path / "logs", 1, executor=executor)
    runner.run(pipeline, raise_on_failure=True)
    assert mapped.output == [3, 4]


def test_one_new_element_is_one_more_run(runner):
    runner().run(Flow(["a", "b"]).pipeline)
    assert ran(runner, Flow(["a", "c", "b"]).pipeline) == ["Choose", "Choose", "Clean c", "Files", "Measure C"]


def test_a_new_order_runs_only_what_takes_the_whole_list(runner):
    """And one that was there before runs nothing but the list itself."""
    runner().run(Flow(["a", "bb"]).pipeline)
    assert ran(runner, Flow(["bb", "a"]).pipeline) == ["Choose", "Choose", "Files"]
    assert ran(runner, Flow(["a", "bb"]).pipeline) == []


def test_equal_elements_run_once(runner):
    flow = Flow(["a", "a", "b", "a"])
    assert ran(runner, flow.pipeline) == [*["Choose"] * 2, "Clean a", "Clean b", "Files", "Measure A", "Measure B"]
    assert flow.best.output == ["A", "A", "B", "A"]
    assert ran(runner, flow.pipeline, force_reload=True).count("Clean a") == 1


def test_a_warm_plan_is_exact_and_a_cold_one_says_what_it_waits_for(runner):
    flow = Flow(["a", "b"])
    cold = planned(runner, flow.pipeline)
    assert cold["Clean(*)"] == ("run", "as many as Files() returns")
    assert cold["Measure(*)"] == ("run", "as many as Clean(*) returns")
    assert "Clean(*)[0]" not in cold
    runner().run(flow.pipeline)
    warm = planned(runner, flow.pipeline)
    assert {made[0] for made in warm.values()} == {"skip"}
    assert list(warm)[:4] == ["Files()", "Clean(*)[0]", "Clean(*)[1]", "Clean(*)"]
    runner().store.delete(flow.parts.elements[1].key)
    part = planned(runner, flow.pipeline)
    assert (part["Clean(*)"], part["Clean(*)[1]"]) == (("run", "1 of 2 run"), ("run", "no stored output"))
    assert part["Measure(*)[1]"][0] == "skip"
    assert part["Choose()"] == ("run", "upstream Clean(*) runs")


def test_a_list_made_before_it_was_mapped_over_is_looked_at_itself(runner):
    runner().run(Pipeline("flow", [files(names=["a", "b"])]))
    flow = Flow(["a", "b"])
    assert planned(runner, flow.pipeline)["Clean(*)"] == ("run", "2 of 2 run")
    assert ran(runner, flow.pipeline).count("Files") == 0
    assert flow.best.output == ["A", "B"]


def test_keys_and_paths_hold_no_index(runner):
    flow = Flow(["a", "b"])
    runner().run(flow.pipeline)
    first, second = flow.parts.elements
    assert (first.name, second.name) == ("Clean(*)[0]", "Clean(*)[1]")
    assert first.key == f"Clean(*)/{first.hash()}"
    assert "[0]" not in str(first.key_parts()["inputs"])
    other = Flow(["b", "a"])
    runner().run(other.pipeline)
    assert [each.key for each in other.parts.elements] == [second.key, first.key]
    assert {each.key for each in other.shape.elements} == {each.key for each in flow.shape.elements}


def test_the_hash_is_that_of_what_is_written_and_the_key_that_of_the_data(runner):
    flow = Flow(["a"])
    written = flow.best.hash()
    for made in (flow.parts, flow.best, flow.shape):
        with pytest.raises(NotYetKnownError, match="its key is known only when"):
            made.key
    runner().run(flow.pipeline)
    assert flow.best.hash() == written
    assert flow.best.key != f"Choose()/{written}"
    assert Flow(["a"]).best.hash() == written != Flow(["b"]).best.hash()


def test_the_rule_that_successors_run_does_not_reach_elements_but_force_does(runner):
    flow = Flow(["a", "b"])
    runner().run(flow.pipeline)
    flow.files.set_reload(True)
    assert ran(runner, flow.pipeline) == ["Files"]
    flow.files.set_reload(False)
    assert len(ran(runner, flow.pipeline, force_reload=True)) == 7


@pytest.mark.parametrize("count", [2, pytest.param(100_000, marks=pytest.mark.long)])
def test_lists_of_any_length_are_known_from_what_is_kept_beside_them(runner, count):
    def flow():
        return Pipeline("flow", [choose(scores=clean.map(path=files(names=[*map(str, range(count))])))])

    runner().run(flow(), only="Files()")
    pipeline = flow()
    plan = planned(runner, pipeline)
    assert plan["Clean(*)"] == ("run", f"{count:,} of {count:,} run")
    assert len(plan) == count + 3
    found = pipeline.dag()["Clean(*)"].elements
    assert (found[-1].name, len({each.key for each in found})) == (f"Clean(*)[{count - 1}]", count)


def test_an_empty_list_maps_to_no_task(runner):
    flow = Flow([])
    assert ran(runner, flow.pipeline) == ["Choose", "Choose", "Files"]
    assert (flow.best.output, flow.sizes.output, flow.parts.output) == ([], [], [])
    assert ran(runner, flow.pipeline) == []


def test_one_that_fails_leaves_the_others_and_what_needs_all_cant_run(runner):
    flow = Flow(["a", "bad", "c"])
    some = choose("some", scores=flow.parts.successes())
    both = last()(flow.parts.successes())
    runner().run(flow.pipeline)
    assert [each.status.name for each in flow.parts.elements] == ["SUCCESS", "FAILURE", "SUCCESS"]
    assert [each.status.name for each in flow.shape.elements] == ["SUCCESS", "CANT_RUN", "SUCCESS"]
    assert {each.status.name for each in (flow.parts, flow.best, flow.sizes, flow.shape)} == {"CANT_RUN"}
    assert (some.output, both.output) == (["A", "C"], [["A", "C"]])
    PROBE.clear()
    runner().run(flow.pipeline)
    assert sorted(PROBE) == ["Clean bad"]


def test_successes_with_none_failed_and_with_no_list(runner):
    made = clean.map(path=["a", "b"])
    some = choose("some", scores=made.successes())
    runner().run(Pipeline("p", [made]))
    assert some.output == ["A", "B"]
    assert ran(runner, Pipeline("p", [made])) == []
    broken = clean.map(path=clean("no", path="bad"))
    other = choose("other", scores=broken.successes())
    runner().run(Pipeline("p", [other]))
    assert other.status is Task.Status.CANT_RUN


def test_lists_are_mapped_when_the_pipeline_is_made(runner):
    grid = fit.map(alpha=[1, 2], depth=(3, 4), how="product")
    side = fit.map("side", alpha=[1, 2], depth=[3, 4], names=fixed(["x"]))
    runner().run(Pipeline("p", [grid, side]))
    assert [each[:2] for each in grid.output] == [[1, 3], [1, 4], [2, 3], [2, 4]]
    assert side.output == [[1, 3, ["x"]], [2, 4, ["x"]]]
    assert side.elements[0].name == "Fit(side)[0]"
    assert side.elements[0].key.startswith("Fit(side)/")


def test_keys_of_a_dict_name_the_tasks(runner):
    made = clean.map(path=files(names={"x": "a", "y": "b"}))
    chosen = choose(scores=measure.map(part=made))
    runner().run(Pipeline("p", [made]))
    assert [each.name for each in made.elements] == ["Clean(*)[x]", "Clean(*)[y]"]
    assert chosen.output == [1, 1]
    assert [each.name for each in fit.map(alpha={"u": 1}, depth=[2]).elements or ()] == []


def test_arrays_folders_files_and_groups_are_mapped(runner, tmp_path):
    import numpy as np
    import pandas as pd

    (tmp_path / "in").mkdir()
    for name in ("b.txt", "a.txt"):
        (tmp_path / "in" / name).write_text(name)
    rows = fit.map("rows", alpha=np.array([[1, 2], [3, 4]]))
    folder = read.map("folder", path=Folder(tmp_path / "in"))
    listed = read.map("listed", path=files(names=[File(tmp_path / "in" / "a.txt")]))
    frame = pd.DataFrame({"g": ["x", "y", "x"], "v": [1, 2, 3]})
    groups = count.map("groups", frame=frame.groupby("g"))
    runner().run(Pipeline("p", [rows, folder, listed, groups]))
    assert [list(each[0]) for each in rows.output] == [[1, 2], [3, 4]]
    assert folder.output == ["a.txt", "b.txt"]
    assert [each.name for each in folder.elements] == ["Read(folder)[a.txt]", "Read(folder)[b.txt]"]
    assert listed.output == ["a.txt"]
    assert (groups.output, groups.elements[1].name) == ([2, 1], "Count(groups)[y]")


@task("Read")
def read(path):
    PROBE.append(f"Read {Path(path).name}")
    return Path(path).read_text()


@task("Count")
def count(frame):
    return len(frame)


def test_parts_of_outputs_and_declared_outputs_are_mapped(runner):
    made = split(names=["a", "b"])
    parts = clean.map(path=made.left)
    inner = clean.map("inner", path=made["right"]["names"])
    runner().run(Pipeline("p", [made]))
    assert (parts.output, inner.output) == (["A", "B"], ["B", "A"])
    assert {action for action, _ in planned(runner, Pipeline("p", [made])).values()} == {"skip"}


@task("Split", outputs=("left", "right"))
def split(names):
    return {"left": names, "right": {"names": names[::-1]}}


def test_a_mapped_task_may_have_several_outputs(runner):
    made = split.map(names=[["a"], ["b", "c"]])
    whole = choose(scores=made)
    runner().run(Pipeline("p", [made]))
    assert [each["left"] for each in whole.output] == [["a"], ["b", "c"]]


def test_each_element_waits_for_its_own_alone(runner, tmp_path):
    """No barrier: the third step goes on only when the first has been seen."""
    made = step.map(number=[0, 1, 2], folder=fixed(str(tmp_path)))
    after = seen.map(number=made, folder=fixed(str(tmp_path)))
    listed = Pipeline("p", [made])
    runner(executor="pool", process_limit=2).run(listed)
    assert after.output == [0, 1, 2]


@task("Step")
def step(number, folder):
    ends = time.monotonic() + 30
    while number == 2 and not Path(folder, "seen-0").exists():
        if time.monotonic() > ends:
            raise TimeoutError("nobody has seen the first")
        time.sleep(0.01)
    return number


@task("Seen")
def seen(number, folder):
    Path(folder, f"seen-{number}").touch()
    return number


def test_selection_by_name_glob_and_lines(runner):
    flow = Flow(["a", "b", "c"])
    runner().run(flow.pipeline)
    run = {"force_reload": True}
    assert ran(runner, flow.pipeline, only="Clean(*)", **run) == ["Clean a", "Clean b", "Clean c"]
    assert ran(runner, flow.pipeline, only="Clean(*)[1]", **run) == ["Clean b"]
    assert ran(runner, flow.pipeline, only="Clean*[[]2]", **run) == ["Clean c"]
    assert ran(runner, flow.pipeline, until="Measure(*)[0]", **run) == ["Clean a", "Files", "Measure A"]
    assert ran(runner, flow.pipeline, from_="Measure(*)", **run) == ["Choose", *(f"Measure {x}" for x in "ABC")]
    with pytest.raises(UnknownSelection):
        runner().run(flow.pipeline, only="Clean(*)[7]")


def test_a_selection_without_the_list_is_refused(runner):
    with pytest.raises(SelectionUnmet, match=r"Files\(\)"):
        runner().run(Flow(["a"]).pipeline, only="Clean(*)")


def test_options_retries_and_limits_hold_per_element(runner, tmp_path):
    made = flaky.map(number=[1, 2], folder=fixed(str(tmp_path)))
    run = runner(resources={"slot": 1})
    run.run(Pipeline("p", [made]))
    assert made.output == [1, 2]
    attempts = {name: len(found.by_attempt) for name, found in run.results().record.tasks.items()}
    assert attempts == {"Flaky(*)": 0, "Flaky(*)[0]": 2, "Flaky(*)[1]": 2}


@task("Flaky", retries=1, resources={"slot": 1})
def flaky(number, folder):
    mark = Path(folder, f"mark-{number}")
    if not mark.exists():
        mark.touch()
        raise OSError("not yet")
    return number


def test_results_are_lazy_lists_and_elements(runner):
    flow = Flow(["a", "bb"])
    run = runner()
    run.run(flow.pipeline)
    results = PipelineResult.from_file(run.run_folder)
    parts = results["Clean(*)"]
    assert (list(parts), len(parts), parts[-1], list(parts[:1])) == (["A", "BB"], 2, "BB", ["A"])
    assert results["Clean(*)[1]"] == "BB"
    assert results["Choose(sizes)"] == [1, 2]
    assert sorted(results) == ["Choose()", "Choose(sizes)", "Clean(*)", "Files()", "Measure(*)"]
    assert results.task("Clean(*)[1]").status == "SUCCESS"
    with pytest.raises(KeyError, match=r"Clean\(\*\)\[9\]"):
        results["Clean(*)[9]"]


def test_results_of_a_failed_element_say_so(runner):
    run = runner()
    run.run(Flow(["a", "bad"]).pipeline)
    results = PipelineResult.from_file(run.run_folder)
    assert results["Clean(*)"][0] == "A"
    with pytest.raises(KeyError, match="ValueError: bad"):
        results["Clean(*)"][1]


def test_explain_says_equal_reasons_once(runner):
    runner().run(Flow(["a", "b", "c"]).pipeline)
    flow = Flow(["a", "x", "y", "b"])
    runner().run(Pipeline("flow", [flow.files]), only="Files()")
    run = runner()
    run.set_pipeline(flow.pipeline)
    assert run.explain("Clean(*)").reasons == ("2 of 4 run: new elements",)
    assert sorted(run.explain()) == ["Choose()", "Choose(sizes)", "Clean(*)", "Files()", "Measure(*)"]
    changed = Flow(["a", "b", "c"])
    changed.parts.set_params(encoding="ascii")
    run.set_pipeline(changed.pipeline)
    assert run.explain("Clean(*)").reasons == ("3 of 3 run: param encoding added",)
    assert run.explain("Clean(*)[1]").reasons == ("param encoding added",)


def test_early_cutoff_reaches_elements(runner):
    """Where the elements of one map come out as before, those of the next do not run."""
    for encoding in ("utf-8", "ascii"):
        PROBE.clear()
        parts = clean.map(path=["a", "b"], encoding=encoding)
        choose(scores=measure.map(part=parts))
        runner(early_cutoff=True).run(Pipeline("p", [parts]))
    assert sorted(PROBE) == ["Clean a", "Clean b"]


@pytest.mark.filterwarnings("ignore::pyperunner_cache.DamagedEntryWarning")
def test_a_lost_element_is_made_again_with_what_needs_it(runner, tmp_path):
    flow = Flow(["a", "b"])
    runner().run(flow.pipeline)
    extra = choose("extra", scores=flow.parts)
    for file in (tmp_path / "data").glob("Clean(*)/*/*"):
        file.write_bytes(b"damaged")
    runner().run(flow.pipeline)
    assert extra.output == ["A", "B"]


def test_outputs_that_are_not_kept_are_there_for_the_run(runner):
    flow = Flow(["a", "b"], cache=False)
    runner().run(flow.pipeline)
    assert flow.best.output == ["A", "B"]
    assert not [entry for entry in runner().store.entries() if entry["key"].startswith("Clean")]


def test_step_by_step(runner):
    flow = Flow(["a", "b"])
    run = runner()
    run.set_pipeline(flow.pipeline)
    run.queue_tasks()
    for _ in itertools.count():
        if run.finished:
            break
        while (ready := run.dequeue()) is not None:
            run.start_task(ready)
        run.finish_tasks(timeout=None)
    assert flow.best.output == ["A", "B"]


def test_yaml_keeps_maps_and_hashes_compare(runner):
    flow = Flow(["a"])
    grid = fit.map(alpha=[1, 2], depth=[3], names=fixed(["x"]), how="product")
    last()(flow.parts.successes())(grid)
    choose("some", scores=[flow.parts.successes(), grid[0]])
    saved = yaml.safe_load(yaml.safe_dump(flow.pipeline.to_dict()))
    assert saved["tasks"]["Clean(*)"]["map"] == {"path": "Files()"}
    assert (saved["tasks"]["Fit(*)"]["how"], saved["tasks"]["Fit(*)"]["params"]) == ("product", {"names": ["x"]})
    again = Pipeline.from_dict(saved)
    assert again.to_dict() == flow.pipeline.to_dict()
    runner().run(again)
    assert again.dag()["Choose()"].output == ["A"]
    assert planned(runner, flow.pipeline)["Choose()"][0] == "skip"


def test_each_takes_params_whose_names_are_taken(runner):
    made = named.map(each={"how": ["x", "y"]})
    runner().run(Pipeline("p", [made]))
    assert made.output == ["x", "y"]


@task("Named")
def named(how):
    return how


def test_random_numbers_of_an_element_do_not_depend_on_where_it_stands(runner):
    runs = []
    for order in ([1, 2, 3], [3, 2, 1]):
        made = draw.map(seed=order)
        runner().run(Pipeline("p", [made]), force_reload=True)
        runs.append(dict(zip(order, made.output, strict=True)))
    assert runs[0] == runs[1]
    assert len(set(runs[0].values())) == 3


@task("Draw")
def draw(seed):
    import random

    return random.random()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: clean.map(path="abc"), "nothing to map over"),
        (lambda: clean.map(path=b"abc", encoding=None), "nothing to map over"),
        (lambda: clean.map(path=fixed(["a"])), "nothing to map over"),
        (lambda: fit.map(alpha=[1, 2], depth=[1]), r"alpha has 2, depth has 1 \(or how='product'\)"),
        (lambda: fit.map(alpha=[1], how="cross"), "how is 'product', not 'cross'"),
        (lambda: clean.map("a)[0", path=["a"]), "tag would form the name of an element"),
        (lambda: named.map(tag=["a"]), r"a param called tag goes into each=\{'tag'"),
        (lambda: clean(path="a").successes(), "for mapped tasks"),
    ],
)
def test_bad_maps_are_refused_when_they_are_made(make, words):
    with pytest.raises(MapError, match=words):
        make()


def test_the_tag_of_maps_is_taken():
    with pytest.raises(TaskNameError, match="that is the tag of a mapped task"):
        clean("*", path="a")


def test_mapping_over_what_is_no_list_fails_the_mapped_task(runner):
    made = clean.map(path=clean("one", path="a"))
    below = choose(scores=made)
    runner().run(Pipeline("p", [made]))
    assert (made.status.name, below.status.name) == ("FAILURE", "CANT_RUN")
    assert "a str, can't be mapped over" in str(made.result.exception)
    with pytest.raises(MapError, match="can't be mapped over"):
        planned(runner, Pipeline("p", [made]))


def test_lengths_that_differ_fail_the_mapped_task(runner):
    made = fit.map(alpha=files(names=["a"]), depth=[1, 2])
    runner().run(Pipeline("p", [made]))
    assert "alpha has 1, depth has 2" in str(made.result.exception)


def test_a_drawing_and_a_record_hold_the_mapped_task_once(runner, capsys):
    flow = Flow(["a", "b"])
    run = runner()
    run.run(flow.pipeline, show_execution_plan=True)
    drawn = capsys.readouterr().out
    assert "*Clean(*)*" in drawn
    assert "[0]" not in drawn
    picture = next(Path(run.run_folder).glob("*.svg")).read_text()
    assert "Clean(*)" in picture
    assert "Clean(*)[0]" not in picture


def test_invalidate_removes_all_elements(runner):
    flow = Flow(["a", "b"])
    runner().run(flow.pipeline)
    run = runner()
    run.set_pipeline(flow.pipeline)
    assert run.invalidate("Clean(*)") == ["Clean(*)[0]", "Clean(*)[1]"]
    assert ran(runner, flow.pipeline) == ["Choose", "Clean a", "Clean b"]


def test_options_of_a_class_hold_for_maps():
    assert flaky.map(number=[1], folder="x").options == Options(retries=1, resources={"slot": 1})
